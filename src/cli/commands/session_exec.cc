#include <sys/stat.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/commands.h"
#include "cli/run_request.h"
#include "cli/session.h"
#include "run/prepare.h"
#include "run/session.h"

namespace grid::cli {

namespace {

// The command as the session sees it: what it pinned is what a reference without a version means.
run::RunRecord record_of_command(const Context& context, const run::RunRecord& session,
                                 const std::vector<std::string>& command) {
  run::RunRecord record = session;
  record.command = command;
  run::ReferenceRequest request{.command = command,
                                .datastore_names = {},
                                .datastore_version = {},
                                .mount_folder = session.mount_folder};
  for (const auto& [name, number] : session.pins)
    request.datastore_names.push_back(fmt::format("{}:{}", name, number));
  Settings settings = context.settings;
  settings.store = session.store;
  const auto store = Context{settings, context.output}.open_store();
  record.resolved_command =
      run::resolve_references(request, [&](const dataset::Reference& reference) {
        return store->datastores->resolve(reference);
      }).command;
  return record;
}

int execute(Context& context, const Arguments& arguments) {
  const std::vector<std::string>& words = arguments.rest();
  if (words.size() < 2)
    fail(ErrorKind::invalid_argument,
         "grid session exec: name a session and a command; see grid session exec --help");
  const run::Runs runs(context.settings.run_folder);
  const run::RunFolder folder = live_session(runs, words[0]);
  std::vector<std::string> command(words.begin() + 1, words.end());
  if (command[0] == "--") command.erase(command.begin());
  const run::RunRecord record = record_of_command(context, folder.read(), command);
  const std::vector<std::string> environment = run::environment_of(
      folder, record, run::with_settings(callers_environment(), record.settings));
  const run::Program program = run::program_of(record, environment);
  const std::string current = std::filesystem::current_path().string();
  context.output.flush();
  run::enter_session(folder);
  // The caller's folder, if the session has it too; else the one in which the session began.
  [[maybe_unused]] const int changed = ::chdir(current.c_str());
  run::become(program, environment);
}

}  // namespace

Command session_exec_command() {
  return {.spec = {.path = {"session", "exec"},
                   .summary = "Run a command in a live session",
                   .description = "The command sees what the session sees. Its exit status and its "
                                  "three standard streams are its own.",
                   .positionals = {{.name = "SESSION", .completes = Completes::run},
                                   {.name = "CMD", .repeatable = true}},
                   .examples = {"grid session exec quiet-otter-42 ls /datastores/cats",
                                "grid session exec quiet-otter-42 python3 train.py grid:cats"},
                   .raw_rest = true},
          .run = execute};
}

}  // namespace grid::cli
