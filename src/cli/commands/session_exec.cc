#include <sys/stat.h>
#include <unistd.h>

#include "base/current_folder.h"
#include "cli/args.h"
#include "cli/commands.h"
#include "cli/run_request.h"
#include "run/scripts.h"
#include "run/session.h"
#include "service/sessions.h"

namespace grid::cli {

namespace {

// Does not return: this process becomes the command.
int become(Context& context, const std::string& name, std::vector<std::string> command,
           bool literal) {
  const std::string current = get_current_folder().string();
  const service::Session session = service::get_session(context.settings, name);
  const service::SessionCommand prepared = service::prepare_command(
      context.settings, session,
      {.command = std::move(command), .literal = literal, .environment = callers_environment()});
  context.output.flush();
  run::enter_session(session.folder);
  // Keeps the caller's folder if the session has it too; else it is the one in which the session
  // began.
  [[maybe_unused]] const int changed = ::chdir(current.c_str());
  run::become(prepared.program, prepared.environment);
}

int execute(Context& context, const Arguments& arguments) {
  const std::vector<std::string>& words = arguments.rest();
  if (words.size() < 2)
    fail(ErrorKind::invalid_argument,
         "grid session exec: name a session and a command; see grid session exec --help");
  std::vector<std::string> command(words.begin() + 1, words.end());
  if (command[0] == "--") command.erase(command.begin());
  return become(context, words[0], std::move(command), arguments.has("--literal"));
}

int enter(Context& context, const Arguments& arguments) {
  const std::string shell = environment("SHELL");
  return become(context, arguments.get("SESSION"), {shell.empty() ? "/bin/sh" : shell}, true);
}

}  // namespace

Command session_exec_command() {
  return {.spec = {.path = {"session", "exec"},
                   .summary = "Run a command in a running session",
                   .description = "The command sees what the session sees. The exit status and the "
                                  "three standard streams are the command's.",
                   .positionals = {{.name = "SESSION", .completes = Completes::run},
                                   {.name = "CMD", .repeatable = true}},
                   .options = {{.name = "--literal",
                                .help = "pass the arguments as they are, without looking for "
                                        "references to datastores"}},
                   .examples = {"grid session exec quiet-otter-42 ls /datastores/cats",
                                "grid session exec quiet-otter-42 python3 train.py grid:cats"},
                   .raw_rest = true},
          .run = execute};
}

Command session_enter_command() {
  return {.spec = {.path = {"session", "enter"},
                   .summary = "Open a shell in a running session",
                   .description = "The shell is $SHELL and sees what the session sees. Leaving it "
                                  "does not end the session.",
                   .positionals = {{.name = "SESSION", .completes = Completes::run}},
                   .examples = {"grid session enter quiet-otter-42"}},
          .run = enter};
}

}  // namespace grid::cli
