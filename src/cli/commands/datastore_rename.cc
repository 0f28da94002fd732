#include "cli/args.h"
#include "cli/commands.h"
#include "cli/references.h"
#include "cli/text.h"
#include "service/moves.h"

namespace grid::cli {

namespace {

int rename(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  const std::string from = service::moved_name(parse_reference(arguments.get("OLD")));
  std::shared_ptr<dataset::OpenStore> store = context.open_store();
  const service::Rename renamed =
      service::rename_datastore(context.settings, *store, from, arguments.get("NEW"));
  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    service::write_document(json, renamed);
  } else {
    output.write(fmt::format("{} is now called {}  {}  · {} still leads there\n", renamed.from,
                             renamed.to, format_count(renamed.versions.size(), "version"),
                             renamed.from));
  }
  return 0;
}

}  // namespace

Command datastore_rename_command() {
  return {
      .spec = {.path = {"datastore", "rename"},
               .summary = "Rename a datastore",
               .description =
                   "All versions keep their numbers and their content; nothing is copied. "
                   "Commands and runs that name the old name get the renamed versions, until a "
                   "new datastore takes the name. Refused while a run or a mount on this "
                   "machine uses the datastore.",
               .positionals = {{.name = "OLD", .completes = Completes::datastore}, {.name = "NEW"}},
               .examples = {"grid datastore rename cats animals"}},
      .run = rename};
}

}  // namespace grid::cli
