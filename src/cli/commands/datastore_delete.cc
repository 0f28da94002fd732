#include "cli/args.h"
#include "cli/commands.h"
#include "cli/confirm.h"
#include "cli/text.h"
#include "service/datastores.h"

namespace grid::cli {

namespace {

int delete_versions(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  dataset::Reference reference = dataset::Reference::parse(arguments.get("NAME:V"));
  std::shared_ptr<dataset::OpenStore> store = context.open_store();
  const bool all = arguments.has("--all");
  const service::VersionSet versions = service::versions_to_delete(
      context.settings, *store, reference, all,
      arguments.has("--force") ? service::Tagged::deleted_too : service::Tagged::refused);
  std::string what =
      all ? fmt::format("{} ({})", versions.name, format_count(versions.numbers.size(), "version"))
          : dataset::spell(versions.name, versions.numbers[0]);
  if (!arguments.has("--yes") &&
      !is_confirmed(output, "delete " + what + "?", "deleting " + what)) {
    output.say("nothing was deleted");
    return 1;
  }
  const service::VersionSet deleted = service::delete_versions(
      *store, versions, arguments.has("--now") ? service::Undo::none : service::Undo::whole_window);
  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    service::write_document(json, deleted);
  } else {
    output.say(fmt::format("deleted {}", what));
    if (!deleted.until.empty())
      output.say(fmt::format("until {}, `grid datastore undelete {}` takes {} back",
                             deleted.until.substr(0, std::string_view("2026-12-05").size()),
                             dataset::spell(deleted.name, deleted.numbers.front()),
                             deleted.numbers.size() == 1 ? "it" : "the first"));
  }
  return 0;
}

}  // namespace

Command datastore_delete_command() {
  return {
      .spec = {.path = {"datastore", "delete"},
               .summary = "Delete a version, or a datastore with all its versions",
               .description =
                   "Refused while a run or a mount on this machine uses the version, and while it "
                   "has a "
                   "tag. The number "
                   "of a deleted version is never used again. `grid datastore undelete` takes it "
                   "back for 7 days; after that, `grid gc` frees its space.",
               .positionals = {{.name = "NAME:V", .completes = Completes::version}},
               .options = {{.name = "--now",
                            .help = "the next `grid gc` frees the space; no undo is promised"},
                           {.name = "--force", .help = "a version that has a tag too"},
                           {.name = "--all", .help = "every version of the datastore NAME"},
                           {.name = "--yes",
                            .short_name = "-y",
                            .help = "do not ask for confirmation"}},
               .examples = {"grid datastore delete cats:3", "grid datastore delete cats --all"}},
      .run = delete_versions};
}

}  // namespace grid::cli
