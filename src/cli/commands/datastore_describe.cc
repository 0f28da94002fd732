#include "base/text.h"
#include "cli/args.h"
#include "cli/commands.h"
#include "cli/record.h"
#include "cli/text.h"

namespace grid::cli {

namespace {

int describe(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  dataset::Reference reference = dataset::Reference::parse(arguments.get("NAME"));
  if (reference.version || reference.named_latest)
    fail(ErrorKind::invalid_argument, "a description is of the whole datastore {}: name no version",
         reference.name);
  std::shared_ptr<dataset::OpenStore> store = context.open_store();
  store->datastores->resolve(reference);
  if (arguments.has("--text")) {
    std::string text = arguments.get("--text");
    if (!is_utf8(text)) fail(ErrorKind::invalid_argument, "--text is not UTF-8");
    store->datastores->describe(reference.name, text);
  }
  std::string description = store->datastores->description(reference.name);
  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    json.begin_object().member("name", reference.name);
    json.member("description", description).end_object();
  } else if (!arguments.has("--text") && !description.empty()) {
    output.write(description + "\n");
  }
  return 0;
}

}  // namespace

Command datastore_describe_command() {
  return {.spec = {.path = {"datastore", "describe"},
                   .summary = "Say what a datastore is, or print what was said",
                   .positionals = {{.name = "NAME", .completes = Completes::datastore}},
                   .options = {{.name = "--text",
                                .value = "TEXT",
                                .help = "the new description; without it the present one is "
                                        "printed"}},
                   .examples = {"grid datastore describe cats --text 'Cats, 37 breeds'"}},
          .run = describe};
}

}  // namespace grid::cli
