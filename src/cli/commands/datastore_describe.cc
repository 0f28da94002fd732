#include "cli/args.h"
#include "cli/commands.h"
#include "cli/references.h"
#include "service/datastores.h"

namespace grid::cli {

namespace {

int describe(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  const std::string name = service::described_name(parse_reference(arguments.get("NAME")));
  std::shared_ptr<dataset::OpenStore> store = context.open_store();
  const service::Description description =
      arguments.has("--text") ? service::write_description(*store, name, arguments.get("--text"))
                              : service::read_description(*store, name);
  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    service::write_document(json, description);
  } else if (!arguments.has("--text") && !description.text.empty()) {
    output.write(description.text + "\n");
  }
  return 0;
}

}  // namespace

Command datastore_describe_command() {
  return {.spec = {.path = {"datastore", "describe"},
                   .summary = "Set or show the description of a datastore",
                   .description = "A text is UTF-8 of at most 64 KiB. It is printed as it was "
                                  "written, but a terminal gets control characters as \\x1b.",
                   .positionals = {{.name = "NAME", .completes = Completes::datastore}},
                   .options = {{.name = "--text",
                                .value = "TEXT",
                                .help = "the new description; without it, the current one "
                                        "is printed"}},
                   .examples = {"grid datastore describe cats --text 'Cats, 37 breeds'"}},
          .run = describe};
}

}  // namespace grid::cli
