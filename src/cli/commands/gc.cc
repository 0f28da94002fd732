#include <atomic>

#include "base/error.h"
#include "cli/args.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/references.h"
#include "cli/table.h"
#include "cli/text.h"
#include "service/collections.h"
#include "service/usage.h"

namespace grid::cli {

namespace {

ProgressState state_of(const collect::CollectProgress& progress) {
  return {.phase = progress.packs_removed > 0 ? "removing" : "looking",
          .files_done = progress.trees_done,
          .bytes_done = progress.bytes_removed,
          .files_total = progress.trees_total,
          .total_known = false};
}

void write_retention(Output& output, const service::AppliedRetention& retention, bool is_dry) {
  for (const service::PrunePlan& plan : retention.plans)
    if (!plan.deleted.numbers.empty())
      output.write(fmt::format("{} {} of {}, which its retention does not keep: {}\n",
                               is_dry ? "would delete" : "deleted",
                               format_count(plan.deleted.numbers.size(), "version"),
                               plan.deleted.name, fmt::join(plan.deleted.numbers, ", ")));
  for (const std::string& sentence : retention.left_alone) output.warn(sentence);
}

void write_report(Output& output, const service::Collected& collected) {
  const collect::CollectReport& report = collected.report;
  if (report.packs_kept > 0)
    output.write(
        fmt::format("kept     {} in {} that no version needs yet: of creates that go on, "
                    "or can be continued\n",
                    format_size(report.bytes_kept), format_count(report.packs_kept, "pack")));
  for (const std::string& holder : report.waits_for)
    output.write(fmt::format("waits    for the {}\n", escape_controls(holder)));
  if (!report.waits_for.empty())
    output.write(fmt::format("what is to be removed could be in use by {}: run it again later\n",
                             report.waits_for.size() == 1 ? "it" : "these"));
  if (report.packs_rewritten > 0)
    output.write(fmt::format("{} {} of {} of which little was needed{}\n",
                             collected.is_dry ? "would rewrite" : "rewrote ",
                             format_size(report.bytes_rewritten),
                             format_count(report.packs_rewritten, "pack"),
                             report.rewriting_goes_on ? "; the next run goes on with others" : ""));
  else if (report.rewriting_goes_on)
    output.write(
        "left      packs of which little is needed: with --max-work so small, none fits\n");
  if (!report.rewriting_problem.empty())
    output.warn(fmt::format("nothing was rewritten: {}", report.rewriting_problem));
  output.write(
      fmt::format("{} {} in {}, {} left, in {}\n", collected.is_dry ? "would free" : "freed",
                  format_size(collected.bytes_freed()), format_count(report.packs_removed, "pack"),
                  format_size(report.bytes_left), format_duration(collected.elapsed)));
}

void write_explanation(Output& output, const service::Explanation& explanation) {
  const service::Usage& of = explanation.of;
  const std::string version = dataset::spell(of.name, of.version);
  output.write(fmt::format("{} takes {} in the store; {} of it {}\n", version,
                           format_size(of.stored), format_size(of.alone),
                           of.is_deleted ? "will be free when it can no longer be taken back"
                                         : "would be free if it were deleted"));
  if (explanation.sharing.empty()) return;
  output.write("the rest is needed by\n");
  Table table{.columns = {{.title = "VERSION", .may_shrink = true},
                          {.title = "OF IT", .align = Align::right},
                          {.title = "STATUS"}}};
  for (const service::Usage& row : explanation.sharing)
    table.rows.push_back({dataset::spell(row.name, row.version), format_size(row.stored),
                          row.is_deleted ? "deleted" : "ready"});
  output.write(table.layout(output.result_width()));
}

int explain(Context& context, const dataset::Reference& reference) {
  const std::shared_ptr<dataset::OpenStore> store = context.open_store(StoreUse::read);
  const service::Explanation explanation = service::explain_version(*store, reference);
  if (context.output.json()) {
    service::JsonWriter json(context.output.result_writer());
    service::write_document(json, explanation);
  } else {
    write_explanation(context.output, explanation);
  }
  return 0;
}

int gc(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  if (const std::optional<std::string> explained = arguments.find("--explain"))
    return explain(context, parse_reference(*explained));
  std::atomic<bool> stop = false;
  service::CollectionRequest request{.applies_retention = arguments.has("--apply-retention"),
                                     .is_dry = arguments.has("--dry-run"),
                                     .stop = &stop};
  request.patience = parse_duration("--patience", arguments.get("--patience"));
  request.interrupted_kept_for =
      parse_duration("--keep-interrupted", arguments.get("--keep-interrupted"));
  const std::uint64_t percent = parse_count(arguments.get("--rewrite-below"), "--rewrite-below");
  if (percent > 99)
    fail(ErrorKind::invalid_argument, "--rewrite-below: {} is no share of 0 to 99 per cent",
         percent);
  request.rewrite_percent_max = static_cast<unsigned>(percent);
  request.rewrite_bytes_max = parse_size(arguments.get("--max-work"), "--max-work");
  const std::shared_ptr<dataset::OpenStore> store = context.open_store();
  collect::CollectProgress progress;
  service::Collected collected;
  {
    InterruptNotice notice(
        output, [] { return "interrupted: nothing is lost; the next run goes on"; },
        [&] { stop = true; });
    ProgressBar bar(output, "gc", [&] { return state_of(progress); });
    bar.interrupted_if(stop);
    collected = service::collect_store(context.settings, *store, request, progress);
  }
  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    service::write_document(json, collected);
    for (const std::string& sentence : collected.retention.left_alone) output.warn(sentence);
  } else {
    write_retention(output, collected.retention, collected.is_dry);
    write_report(output, collected);
  }
  return collected.retention.left_alone.empty() ? 0 : 1;
}

int upgrade(Context& context, const Arguments&) {
  const std::shared_ptr<dataset::OpenStore> store = context.open_store();
  const bool is_new = service::upgrade_store(*store);
  if (context.output.json()) {
    service::JsonWriter json(context.output.result_writer());
    json.begin_object().member("upgraded", is_new).end_object();
  } else {
    context.output.say(is_new ? "the store is upgraded: older programs refuse it from now on"
                              : "the store is of the newest format already");
  }
  return 0;
}

}  // namespace

Command gc_command() {
  return {
      .spec =
          {.path = {"gc"},
           .summary = "Free space that no version needs any more",
           .description =
               "Removes what only deleted versions needed, once they can no longer be taken "
               "back, and what interrupted creates left behind. Creates, moves, runs and mounts "
               "go on meanwhile, on every machine: what one of them could still use is kept "
               "until a later run. It may be stopped at any time. Run it when it suits you, for "
               "instance each night.",
           .options = {{.name = "--dry-run",
                        .short_name = "-n",
                        .help = "only say what would be freed"},
                       {.name = "--explain",
                        .value = "NAME[:V]",
                        .help = "only say what deleting this version would free, and which others "
                                "need the rest of it",
                        .completes = Completes::version},
                       {.name = "--apply-retention",
                        .help = "first delete what the retention of each datastore does not "
                                "keep; these can be taken back, and their space is freed later"},
                       {.name = "--patience",
                        .value = "TIME",
                        .help = "how long a create may give no sign of life before it is no "
                                "longer waited for",
                        .default_value = "1h"},
                       {.name = "--keep-interrupted",
                        .value = "TIME",
                        .help = "how long what an interrupted create stored is kept",
                        .default_value = "7d"},
                       {.name = "--rewrite-below",
                        .value = "PERCENT",
                        .help = "write the rest of a pack anew when at most so much of it is "
                                "still needed; 0: never",
                        .default_value = "75"},
                       {.name = "--max-work",
                        .value = "SIZE",
                        .help = "write at most so much anew; the next run goes on",
                        .default_value = "10G"}},
           .examples = {"grid gc --dry-run", "grid gc", "grid gc --explain cats:3",
                        "grid --store s3://my-bucket/datastores gc"}},
      .run = gc};
}

Command store_upgrade_command() {
  return {.spec = {.path = {"store", "upgrade"},
                   .summary = "Upgrade a store to the newest format",
                   .description =
                       "Needed once before `grid gc`, for a store that was made before space could "
                       "come back. Older programs refuse the store from then on; none of them may "
                       "be writing to it meanwhile. Nothing else in the store changes.",
                   .examples = {"grid store upgrade"}},
          .run = upgrade};
}

}  // namespace grid::cli
