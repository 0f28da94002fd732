#include "cli/args.h"
#include "cli/commands.h"
#include "cli/references.h"
#include "service/entries.h"

namespace grid::cli {

namespace {

int cat(Context& context, const Arguments& arguments) {
  std::shared_ptr<dataset::OpenStore> store = context.open_store(StoreUse::read);
  const service::OpenVersion version =
      service::open_version(*store, parse_reference(arguments.get("NAME[:V]")));
  service::read_file(*store, version, arguments.get("PATH"),
                     [&](BytesView bytes) { context.output.write_bytes(bytes); });
  return 0;
}

}  // namespace

Command datastore_cat_command() {
  return {.spec = {.path = {"datastore", "cat"},
                   .summary = "Print a file of a version",
                   .description = "Writes the file's bytes, even with -o json.",
                   .positionals = {{.name = "NAME[:V]", .completes = Completes::version},
                                   {.name = "PATH"}},
                   .examples = {"grid datastore cat cats:3 labels.csv | head"}},
          .run = cat};
}

}  // namespace grid::cli
