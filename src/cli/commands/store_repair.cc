#include <atomic>

#include "cli/args.h"
#include "cli/commands.h"
#include "cli/damages.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/text.h"
#include "service/repairs.h"

namespace grid::cli {

namespace {

ProgressState state_of(const care::RepairProgress& progress) {
  return {.bytes_done = progress.packs.bytes_done + progress.sources.bytes_done,
          .bytes_total = progress.packs.bytes_total + progress.sources.bytes_total};
}

void write_report(Output& output, const service::Repair& repair) {
  const care::RepairReport& report = repair.report;
  const auto healed = [&](std::uint64_t count, std::string_view by) {
    if (count > 0) output.write(fmt::format("healed   {} {}\n", format_count(count, "chunk"), by));
  };
  healed(report.healed_by_packs, "that other packs have");
  healed(report.healed_by_node, "from what this machine keeps of the store");
  healed(report.healed_by_sources, "from the sources");
  if (report.packs_removed > 0)
    output.write(fmt::format("removed  {}, after all in it was written again\n",
                             format_count(report.packs_removed, "damaged pack")));
  for (const source::Problem& problem : report.problems)
    output.write(fmt::format("unread   {}: {}\n", escape_name(problem.path),
                             escape_controls(problem.reason)));
  write_damages(output, report.left.damages);
  const std::string left = repair.is_well() ? "all is well"
                                            : format_count(report.left.damages.size(), "damage") +
                                                  " could not be healed";
  output.write(fmt::format(
      "{} and {} were damaged or lost, {} written in {}: {}\n",
      format_count(report.packs_damaged, "pack"), format_count(report.chunks_lost, "chunk"),
      format_size(report.bytes_written), format_duration(repair.elapsed), left));
}

int repair(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  std::atomic<bool> stop = false;
  const service::RepairRequest request{.sources = arguments.all("--from"), .stop = &stop};
  std::shared_ptr<dataset::OpenStore> store = context.open_store();

  care::RepairProgress progress;
  service::Repair repair;
  {
    InterruptNotice notice(
        output, [] { return "interrupted: nothing is lost; repeat the command to continue"; },
        [&] { stop = true; });
    ProgressBar bar(output, "repair", [&] { return state_of(progress); });
    bar.interrupted_if(stop);
    repair = service::repair_store(context.settings, *store, request, progress);
  }
  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    service::write_document(json, repair);
  } else {
    write_report(output, repair);
  }
  return repair.is_well() ? 0 : 1;
}

}  // namespace

Command store_repair_command() {
  return {
      .spec = {.path = {"store", "repair"},
               .summary = "Repair damaged data from good copies",
               .description =
                   "Checks the store as `grid datastore verify` does. What is damaged or lost is "
                   "written again from other packs, from what this machine keeps of the store, and "
                   "last from the sources that --from names: they are read as a create reads them, "
                   "and only what is missing is stored. A damaged pack is removed once everything "
                   "in it is in others; runs, mounts and creates go on meanwhile.\n\n"
                   "The exit status is 1 if anything could not be healed. What versions were made "
                   "of, `grid datastore show` says.",
               .options = {{.name = "--from",
                            .value = "SOURCE",
                            .help = "a folder, archive, URL or bucket with the original files",
                            .repeatable = true,
                            .completes = Completes::folder}},
               .examples = {"grid store repair", "grid store repair --from ./cats",
                            "grid --store s3://my-bucket/datastores store repair"}},
      .run = repair};
}

}  // namespace grid::cli
