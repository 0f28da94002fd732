#include <cstdint>

#include "base/text.h"
#include "cli/args.h"
#include "cli/commands.h"
#include "cli/run_list.h"

namespace grid::cli {

namespace {

std::size_t count_of(const Arguments& arguments) {
  const std::string text = arguments.get("--number");
  const auto count = parse_number<std::size_t>(text).value_or(0);
  if (count == 0) fail(ErrorKind::invalid_argument, "--number {}: it takes a number from 1", text);
  return count;
}

int show_history(Context& context, const Arguments& arguments) {
  const std::size_t count_max = arguments.has("--all") ? SIZE_MAX : count_of(arguments);
  const run::Runs runs(context.settings.run_folder);
  std::vector<ObservedRun> shown;
  for (run::RunRecord& record : runs.all()) {
    if (!record.parent.empty()) continue;  // its sweep stands for it
    if (shown.size() == count_max) break;
    shown.push_back(observe_run(runs, std::move(record)));
  }
  if (!context.output.json()) {
    write_runs(context.output, shown);
    return 0;
  }
  service::JsonWriter json(context.output.result_writer());
  json.begin_object().key("runs").begin_array();
  for (const ObservedRun& run : shown) {
    json.begin_object();
    write_run_members(json, run);
    json.end_object();
  }
  json.end_array().end_object();
  return 0;
}

}  // namespace

Command history_command() {
  return {.spec = {.path = {"history"},
                   .summary = "List runs, the newest first",
                   .options = {{.name = "--number",
                                .short_name = "-n",
                                .value = "N",
                                .help = "at most so many",
                                .default_value = "20"},
                               {.name = "--all", .help = "all there are"}},
                   .examples = {"grid history", "grid history --all -o json"}},
          .run = show_history};
}

}  // namespace grid::cli
