#include "cli/args.h"
#include "cli/commands.h"
#include "cli/stop.h"
#include "service/sessions.h"

namespace grid::cli {

namespace {

int delete_session(Context& context, const Arguments& arguments) {
  write_stopped(context.output, service::delete_session(context.settings, arguments.get("SESSION"),
                                                        stop_request(context.output, arguments)));
  return 0;
}

}  // namespace

Command session_delete_command() {
  return {
      .spec = {.path = {"session", "delete"},
               .summary = "End a session",
               .description = "Its shell or CMD is sent SIGHUP and SIGTERM, and killed if it has "
                              "not ended when the time is up.",
               .positionals = {{.name = "SESSION", .completes = Completes::run}},
               .options = {stop_wait_option()},
               .examples = {"grid session delete quiet-otter-42"}},
      .run = delete_session};
}

}  // namespace grid::cli
