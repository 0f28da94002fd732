#include "cli/args.h"
#include "cli/commands.h"
#include "cli/session.h"
#include "cli/stop.h"

namespace grid::cli {

namespace {

int delete_session(Context& context, const Arguments& arguments) {
  const run::Runs runs(context.settings.run_folder);
  return stop_run(context, runs, live_session(runs, arguments.get("SESSION")),
                  stop_patience(arguments));
}

}  // namespace

Command session_delete_command() {
  return {
      .spec = {.path = {"session", "delete"},
               .summary = "End a session",
               .description = "What runs in it is sent SIGHUP and SIGTERM, and killed if it has "
                              "not ended when the time is up.",
               .positionals = {{.name = "SESSION", .completes = Completes::run}},
               .options = {stop_wait_option()},
               .examples = {"grid session delete quiet-otter-42"}},
      .run = delete_session};
}

}  // namespace grid::cli
