#include "base/text.h"
#include "cli/args.h"
#include "cli/commands.h"
#include "cli/confirm.h"
#include "cli/run_list.h"
#include "cli/text.h"
#include "service/run_removal.h"

namespace grid::cli {

namespace {

using service::RunToRemove;

void show(Output& output, const std::vector<RunToRemove>& runs, bool removed) {
  if (!output.json()) return;
  service::JsonWriter json(output.result_writer());
  service::write_document(json, runs, removed);
}

std::string spell(const std::vector<RunToRemove>& runs) {
  std::uint64_t bytes = 0;
  for (const RunToRemove& one : runs) bytes += one.bytes;
  const std::string what =
      runs.size() == 1 ? runs[0].run.record.name : format_count(runs.size(), "run");
  return fmt::format("{} with their records, logs and artifacts ({})",
                     runs.size() == 1 ? "the run " + what : what, format_size(bytes));
}

int remove(Context& context, const Arguments& arguments, const std::vector<RunToRemove>& runs) {
  Output& output = context.output;
  if (!arguments.has("--yes") &&
      !is_confirmed(output, fmt::format("Delete {}?", spell(runs)), "deleting runs"))
    return 1;
  service::remove_runs(context.settings, runs);
  show(output, runs, true);
  output.say(fmt::format("deleted {}", spell(runs)));
  return 0;
}

int delete_runs(Context& context, const Arguments& arguments) {
  return remove(context, arguments,
                service::runs_to_remove(context.settings, arguments.all("RUN")));
}

int prune_runs(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  const std::string keep = arguments.get("--keep-last");
  const auto keep_last = parse_number<std::size_t>(keep);
  if (!keep_last) fail(ErrorKind::invalid_argument, "--keep-last takes a number, not {}", keep);
  const std::vector<RunToRemove> runs = service::runs_to_prune(
      context.settings, parse_duration("--older-than", arguments.get("--older-than")), *keep_last);
  if (runs.empty()) {
    show(output, runs, false);
    output.say("no run is that old");
    return 0;
  }
  if (!arguments.has("--dry-run")) return remove(context, arguments, runs);
  show(output, runs, false);
  if (!output.json()) {
    std::vector<service::ObservedRun> shown;
    for (const RunToRemove& one : runs) shown.push_back(one.run);
    write_runs(output, shown);
  }
  output.say(fmt::format("would delete {}", spell(runs)));
  return 0;
}

const OptionSpec yes = {.name = "--yes", .short_name = "-y", .help = "do not ask"};

}  // namespace

Command history_delete_command() {
  return {
      .spec = {.path = {"history", "delete"},
               .summary = "Delete runs that are over, with their logs and artifacts",
               .description = "A sweep is deleted with its experiments. The names can be used "
                              "again. The versions that a run read no longer show it under "
                              "\"used by\".",
               .positionals = {{.name = "RUN", .repeatable = true, .completes = Completes::run}},
               .options = {yes},
               .examples = {"grid history delete baseline", "grid history delete -y a b c"}},
      .run = delete_runs};
}

Command history_prune_command() {
  return {.spec = {.path = {"history", "prune"},
                   .summary = "Delete old runs, with their logs and artifacts",
                   .description = "Runs that are not over stay, however old they are.",
                   .options = {{.name = "--older-than",
                                .value = "TIME",
                                .help = "runs that were made longer ago",
                                .default_value = "90d"},
                               {.name = "--keep-last",
                                .value = "N",
                                .help = "keep the newest N in any case",
                                .default_value = "20"},
                               {.name = "--dry-run", .help = "list them, and delete nothing"},
                               yes},
                   .examples = {"grid history prune --dry-run",
                                "grid history prune --older-than 30d --keep-last 0"}},
          .run = prune_runs};
}

}  // namespace grid::cli
