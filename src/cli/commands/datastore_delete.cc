#include "cli/args.h"
#include "cli/commands.h"
#include "cli/confirm.h"
#include "cli/references.h"
#include "cli/text.h"
#include "service/datastores.h"

namespace grid::cli {

namespace {

std::string what_is(const service::VersionSet& versions, bool all) {
  return all ? fmt::format("{} ({})", versions.name,
                           format_count(versions.numbers.size(), "version"))
             : dataset::spell(versions.name, versions.numbers[0]);
}

void say_deleted(Output& output, const service::VersionSet& deleted, const std::string& what) {
  output.say(fmt::format("deleted {}", what));
  if (deleted.until.empty())
    output.say("grid gc frees the space that nothing else needs");
  else
    output.say(
        fmt::format("until {}, `grid datastore undelete {}` takes {} back; after that, grid "
                    "gc frees the space that nothing else needs",
                    deleted.until.substr(0, std::string_view("2026-12-05").size()),
                    dataset::spell(deleted.name, deleted.numbers.front()),
                    deleted.numbers.size() == 1 ? "it" : "the first"));
}

void write_result(Output& output, const service::VersionSet& versions) {
  service::JsonWriter json(output.result_writer());
  service::write_document(json, versions);
}

int delete_versions(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  const std::vector<std::string>& words = arguments.all("NAME:V");
  if (output.json() && words.size() > 1)
    fail(ErrorKind::invalid_argument, "-o json prints one result: delete one at a time with it");
  std::shared_ptr<dataset::OpenStore> store = context.open_store();
  const bool all = arguments.has("--all");
  const service::Tagged tagged =
      arguments.has("--force") ? service::Tagged::deleted_too : service::Tagged::refused;
  // All are looked at before one is deleted.
  std::vector<service::VersionSet> sets;
  std::string what;
  for (const std::string& word : words) {
    sets.push_back(
        service::versions_to_delete(context.settings, *store, parse_reference(word), all, tagged));
    what += (what.empty() ? "" : ", ") + what_is(sets.back(), all);
  }
  if (arguments.has("--dry-run")) {
    output.say(fmt::format("would delete {}", what));
    if (output.json()) write_result(output, {.name = sets[0].name, .numbers = {}});
    return 0;
  }
  if (!arguments.has("--yes") &&
      !is_confirmed(output, "delete " + what + "?", "deleting " + what)) {
    output.say("nothing was deleted");
    return 1;
  }
  for (const service::VersionSet& versions : sets) {
    const service::VersionSet deleted = service::delete_versions(
        *store, versions,
        arguments.has("--now") ? service::Undo::none : service::Undo::whole_window);
    if (output.json())
      write_result(output, deleted);
    else
      say_deleted(output, deleted, what_is(versions, all));
  }
  return 0;
}

}  // namespace

Command datastore_delete_command() {
  return {
      .spec =
          {.path = {"datastore", "delete"},
           .summary = "Delete a version, or a datastore with all its versions",
           .description = "Refused while a run or a mount on this machine uses the version, and "
                          "while it has a "
                          "tag. The number of a deleted version is never used again. `grid "
                          "datastore undelete` "
                          "takes it back for 7 days; after that, `grid gc` frees its space.",
           .positionals = {{.name = "NAME:V", .repeatable = true, .completes = Completes::version}},
           .options =
               {{.name = "--now",
                 .help = "the next `grid gc` frees the space; no undo is promised"},
                {.name = "--force", .help = "a version that has a tag too"},
                {.name = "--all", .help = "every version of the datastore NAME"},
                {.name = "--dry-run", .help = "say what would be deleted, and delete nothing"},
                {.name = "--yes", .short_name = "-y", .help = "do not ask for confirmation"}},
           .examples = {"grid datastore delete cats:3", "grid datastore delete cats:1 cats:2",
                        "grid datastore delete cats --all"}},
      .run = delete_versions};
}

}  // namespace grid::cli
