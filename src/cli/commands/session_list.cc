#include "cli/commands.h"
#include "cli/run_list.h"
#include "service/sessions.h"

namespace grid::cli {

namespace {

int list_sessions(Context& context, const Arguments&) {
  Output& output = context.output;
  const service::SessionList live = service::live_sessions(context.settings);
  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    service::write_document(json, live);
  } else if (live.sessions.empty()) {
    output.say("there are no sessions");
  } else {
    write_runs(output, live.sessions);
  }
  return 0;
}

}  // namespace

Command session_list_command() {
  return {.spec = {.path = {"session", "list"},
                   .summary = "List running sessions",
                   .examples = {"grid session list", "grid session"}},
          .run = list_sessions};
}

}  // namespace grid::cli
