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
  if (count == 0) fail(ErrorKind::invalid_argument, "--number takes a number from 1, not {}", text);
  return count;
}

int show_history(Context& context, const Arguments& arguments) {
  const std::size_t count_max = arguments.has("--all") ? SIZE_MAX : count_of(arguments);
  const service::RunList newest =
      service::newest_runs(context.settings, count_max, arguments.all("--filter"));
  if (context.output.json()) {
    service::JsonWriter json(context.output.result_writer());
    service::write_document(json, newest);
  } else {
    write_runs(context.output, newest.runs);
  }
  return 0;
}

}  // namespace

Command history_command() {
  return {.spec = {.path = {"history", "list"},
                   .summary = "List runs, newest first",
                   .options = {{.name = "--number",
                                .short_name = "-n",
                                .value = "N",
                                .help = "list at most N runs",
                                .default_value = "20"},
                               {.name = "--all", .help = "list all runs"},
                               {.name = "--filter",
                                .value = "TEXT",
                                .help = "only runs with TEXT in their name, status, command or "
                                        "datastores; of several, all must match",
                                .repeatable = true}},
                   .examples = {"grid history", "grid history --all -o json",
                                "grid history --filter failed --filter cats:3"}},
          .run = show_history};
}

}  // namespace grid::cli
