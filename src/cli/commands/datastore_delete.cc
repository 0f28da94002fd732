#include "cli/args.h"
#include "cli/commands.h"
#include "cli/confirm.h"
#include "cli/in_use.h"
#include "cli/record.h"
#include "cli/text.h"

namespace grid::cli {

namespace {

using Numbers = std::vector<dataset::VersionNumber>;

Numbers versions_to_delete(const dataset::Datastores& datastores,
                           const dataset::Reference& reference, bool all) {
  bool names_version = reference.version || reference.named_latest;
  if (all && names_version)
    fail(ErrorKind::invalid_argument, "--all deletes every version of {}: name no version with it",
         reference.name);
  if (!all && !names_version)
    fail(ErrorKind::invalid_argument,
         "name the version to delete, as in {}:3, or every one of them with --all", reference.name);
  // For --all too: it knows the nearest names of what does not exist.
  dataset::Version version = datastores.resolve(reference);
  return all ? datastores.ready_numbers(reference.name) : Numbers{version.record.number};
}

int delete_versions(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  dataset::Reference reference = dataset::Reference::parse(arguments.get("NAME:V"));
  std::shared_ptr<dataset::OpenStore> store = context.open_store();
  const std::string& name = reference.name;
  Numbers numbers = versions_to_delete(*store->datastores, reference, arguments.has("--all"));
  refuse_if_used(context, *store, name, numbers, "nothing was deleted");
  std::string what = arguments.has("--all")
                         ? fmt::format("{} ({})", name, format_count(numbers.size(), "version"))
                         : spell(name, numbers[0]);
  if (!arguments.has("--yes") &&
      !is_confirmed(output, "delete " + what + "?", "deleting " + what)) {
    output.say("nothing was deleted");
    return 1;
  }
  for (dataset::VersionNumber number : numbers) store->datastores->remove(name, number);

  if (!output.json()) {
    output.say(fmt::format("deleted {}", what));
    return 0;
  }
  service::JsonWriter json(output.result_writer());
  json.begin_object().member("name", name).key("deleted").begin_array();
  for (dataset::VersionNumber number : numbers) json.value(number);
  json.end_array().end_object();
  return 0;
}

}  // namespace

Command datastore_delete_command() {
  return {
      .spec = {.path = {"datastore", "delete"},
               .summary = "Delete a version, or a datastore with all its versions",
               .description =
                   "Refused while a run or a mount of this machine uses it. The number of a "
                   "deleted version is never used again.",
               .positionals = {{.name = "NAME:V", .completes = Completes::version}},
               .options = {{.name = "--all", .help = "every version of the datastore NAME"},
                           {.name = "--yes", .short_name = "-y", .help = "do not ask"}},
               .examples = {"grid datastore delete cats:3", "grid datastore delete cats --all"}},
      .run = delete_versions};
}

}  // namespace grid::cli
