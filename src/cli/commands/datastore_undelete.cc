#include "cli/args.h"
#include "cli/commands.h"
#include "cli/references.h"
#include "cli/text.h"
#include "service/collections.h"

namespace grid::cli {

namespace {

int undelete(Context& context, const Arguments& arguments) {
  const auto reference = parse_reference(arguments.get("NAME:V"));
  const std::shared_ptr<dataset::OpenStore> store = context.open_store();
  const service::Undeleted undeleted = service::undelete_version(*store, reference);
  if (context.output.json()) {
    service::JsonWriter json(context.output.result_writer());
    service::write_document(json, undeleted);
  } else {
    context.output.say(
        fmt::format("{} is ready again", dataset::spell(undeleted.name, undeleted.number)));
  }
  return 0;
}

}  // namespace

Command datastore_undelete_command() {
  return {
      .spec = {.path = {"datastore", "undelete"},
               .summary = "Restore a deleted version",
               .description =
                   "Brings a version back whole, under its number, as long as `grid gc` has not "
                   "freed its space: for 7 days after it was deleted at least, unless that was "
                   "with --now.",
               .positionals = {{.name = "NAME:V"}},
               .examples = {"grid datastore undelete cats:3"}},
      .run = undelete};
}

}  // namespace grid::cli
