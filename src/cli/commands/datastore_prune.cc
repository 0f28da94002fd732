#include "base/error.h"
#include "cli/args.h"
#include "cli/commands.h"
#include "cli/confirm.h"
#include "cli/references.h"
#include "cli/retention_options.h"
#include "cli/text.h"
#include "service/retention.h"
#include "service/uses.h"

namespace grid::cli {

namespace {

void write_plan(Output& output, const service::PrunePlan& plan) {
  for (const service::PrunePlan::Version& version : plan.versions) {
    const std::string made = version.created.empty() ? "" : format_time(version.created);
    const std::string name = dataset::spell(plan.deleted.name, version.number);
    if (version.kept.empty())
      output.write(fmt::format("delete {:<16} {}\n", name, made));
    else
      output.write(fmt::format("keep   {:<16} {:<16}  {}\n", name, made, version.kept));
  }
}

int prune(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  const std::string name =
      parse_datastore_alone(arguments.get("NAME"), "prune chooses among all versions of");
  const service::RetentionRules rules = retention_rules_of(arguments);
  const std::shared_ptr<dataset::OpenStore> store = context.open_store();
  service::PrunePlan plan = service::plan_prune(context.settings, *store, name, rules);
  plan.is_dry = arguments.has("--dry-run");
  if (!output.json()) write_plan(output, plan);
  const std::string what = format_count(plan.deleted.numbers.size(), "version") + " of " + name;
  if (!plan.is_dry && !plan.deleted.numbers.empty()) {
    if (!arguments.has("--yes") &&
        !is_confirmed(output, "delete " + what + "?", "deleting " + what)) {
      output.say("nothing was deleted");
      return 1;
    }
    // They may be in use by now, or by a run that is queued.
    service::refuse_if_used(context.settings, *store, name, plan.deleted.numbers,
                            "nothing was deleted");
    plan.deleted = service::delete_versions(*store, std::move(plan.deleted));
  }
  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    service::write_document(json, plan);
    return 0;
  }
  output.say(fmt::format("{} {}", plan.is_dry ? "would delete" : "deleted", what));
  if (!plan.deleted.until.empty())
    output.say(fmt::format(
        "until {}, `grid datastore undelete` takes each back; then `grid gc` frees their space",
        plan.deleted.until.substr(0, std::string_view("2026-12-05").size())));
  return 0;
}

}  // namespace

Command datastore_prune_command() {
  return {
      .spec =
          {.path = {"datastore", "prune"},
           .summary = "Delete the versions that no rule keeps",
           .description =
               "A version is kept if any of the rules keeps it; with none, nothing is done. "
               "The newest is always kept, and so is what has a tag, and what a mount or a run "
               "on this machine uses now. Days, weeks and months are those of UTC. Each deleted "
               "version can be "
               "taken back for 7 days; after that, `grid gc` frees its space.",
           .positionals = {{.name = "NAME", .completes = Completes::datastore}},
           .options = with_retention_options(
               {{.name = "--dry-run", .short_name = "-n", .help = "only say what would be deleted"},
                {.name = "--yes", .short_name = "-y", .help = "do not ask for confirmation"}}),
           .examples = {"grid datastore prune cats --keep-last 5 --dry-run",
                        "grid datastore prune cats --keep-daily 7 --keep-monthly 12 "
                        "--keep-used 30d"}},
      .run = prune};
}

}  // namespace grid::cli
