#include "cli/stop.h"

#include <charconv>

#include "base/text.h"
#include "cli/args.h"
#include "cli/commands.h"
#include "cli/text.h"

namespace grid::cli {

namespace {

std::chrono::seconds stop_patience(const Arguments& arguments) {
  const std::string text = arguments.get("--wait");
  unsigned seconds = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (problem != std::errc() || end != text.data() + text.size())
    fail(ErrorKind::invalid_argument, "--wait takes a number of seconds, not {}", text);
  return std::chrono::seconds(seconds);
}

int stop(Context& context, const Arguments& arguments) {
  write_stopped(context.output, service::stop_run(context.settings, arguments.get("RUN"),
                                                  stop_request(context.output, arguments)));
  return 0;
}

}  // namespace

OptionSpec stop_wait_option() {
  return {.name = "--wait",
          .value = "SECONDS",
          .help = "time to end by itself before it is killed",
          .default_value = "10"};
}

service::StopRequest stop_request(Output& output, const Arguments& arguments) {
  const std::chrono::seconds patience = stop_patience(arguments);
  return {.patience = patience, .on_kill = [&output, patience](const std::string& name) {
            output.say(fmt::format("{} did not end within {}: killing it", name,
                                   format_duration(patience)));
          }};
}

void write_stopped(Output& output, const service::StoppedRun& stopped) {
  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    service::write_document(json, stopped);
  } else {
    output.say(fmt::format("{} {}", stopped.name, run::name_of(stopped.state)));
  }
}

Command stop_command() {
  return {.spec = {.path = {"stop"},
                   .summary = "End a run",
                   .description = "The script is sent SIGTERM, and killed if it has not ended when "
                                  "the time is up. Returns when the run is over.",
                   .positionals = {{.name = "RUN", .completes = Completes::run}},
                   .options = {stop_wait_option()},
                   .examples = {"grid stop quiet-otter-42"}},
          .run = stop};
}

}  // namespace grid::cli
