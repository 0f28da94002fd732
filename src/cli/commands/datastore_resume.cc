#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "cli/args.h"
#include "cli/commands.h"
#include "cli/incomplete.h"
#include "service/error_document.h"

namespace grid::cli {

namespace {

namespace fs = std::filesystem;

// Runs the recorded command again, in its folder and for its store.
int resume_create(Context& context, const create::IncompleteCreate& create) {
  service::check_resumable(create);
  const create::CreateRecord& record = create.record;
  std::error_code error;
  fs::current_path(record.folder, error);
  if (error)
    throw system_error(error.value(),
                       fmt::format("cannot go to {}, where {} began", record.folder, record.id));
  Invocation again = parse(command_table(), record.words);
  Settings settings = context.settings;
  settings.store = record.store;
  settings.store_was_named = true;
  Context there{settings, context.output};
  return again.command->run(there, *again.arguments);
}

// Resumes each create that can be; a failure of one does not stop the next.
int resume_all(Context& context, const IncompleteCreates& creates) {
  Output& output = context.output;
  int status = 0;
  bool first = true;
  if (output.json()) output.write("{\"creates\": [");
  for (const create::IncompleteCreate& create : creates) {
    if (create.live) continue;
    if (output.json() && !std::exchange(first, false)) output.write(",");
    try {
      status = std::max(status, resume_create(context, create));
    } catch (const Error& error) {  // the others may fare better
      output.warn(fmt::format("{}: {}", create.record.id, error.what()));
      if (output.json()) {
        service::JsonWriter json(output.result_writer());
        service::write_error_document(json, error.kind(), error.what());
      }
      status = 1;
    }
  }
  if (output.json()) output.write("]}\n");
  return status;
}

int resume(Context& context, const Arguments& arguments) {
  IncompleteCreates creates = service::find_incomplete_creates(context.settings);
  if (arguments.has("--all")) {
    if (arguments.has("ID"))
      fail(ErrorKind::invalid_argument, "--all continues every create: give no ID with it");
    return resume_all(context, creates);
  }
  if (arguments.has("ID"))
    return resume_create(context, service::choose_create(creates, arguments.get("ID")));
  write_incomplete(context, creates);
  if (!creates.empty())
    context.output.say(
        "to continue one: grid datastore resume ID; all of them: grid datastore resume --all");
  return 0;
}

}  // namespace

Command datastore_resume_command() {
  return {
      .spec = {.path = {"datastore", "resume"},
               .summary = "List or continue interrupted creates",
               .description = "Runs the command of an incomplete create again, in its original "
                              "folder and for its original store; repeating the command yourself "
                              "does the same. What was stored is neither read nor stored again. "
                              "ID may be the name of the datastore. Without ID, lists the "
                              "incomplete creates.",
               .positionals = {{.name = "ID",
                                .required = false,
                                .completes = Completes::incomplete_create}},
               .options = {{.name = "--all", .help = "continue all of them, one after another"}},
               .examples = {"grid datastore resume", "grid datastore resume cats",
                            "grid datastore resume --all"}},
      .run = resume};
}

}  // namespace grid::cli
