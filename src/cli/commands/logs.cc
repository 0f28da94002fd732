#include "cli/args.h"
#include "cli/commands.h"
#include "service/run_logs.h"

namespace grid::cli {

namespace {

int write_log(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  service::RunLog log(context.settings, arguments.get("RUN"));
  if (!log.reason().empty()) output.say(log.reason());
  do {
    for (BytesView piece; !(piece = log.read_next()).empty();) output.write_bytes(piece);
    output.flush();
  } while (arguments.has("--follow") && log.wait_for_more());
  return 0;
}

}  // namespace

Command logs_command() {
  return {.spec = {.path = {"logs"},
                   .summary = "Print what a run printed",
                   .description = "Byte for byte, even to a terminal.",
                   .positionals = {{.name = "RUN", .completes = Completes::run}},
                   .options = {{.name = "--follow",
                                .short_name = "-f",
                                .help = "keep printing until the run is over"}},
                   .examples = {"grid logs quiet-otter-42", "grid logs -f quiet-otter-42"}},
          .run = write_log};
}

}  // namespace grid::cli
