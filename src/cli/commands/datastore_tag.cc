#include "base/error.h"
#include "cli/args.h"
#include "cli/commands.h"
#include "cli/damages.h"
#include "cli/references.h"
#include "cli/table.h"
#include "cli/text.h"
#include "service/tags.h"

namespace grid::cli {

namespace {

int list(Context& context, const dataset::OpenStore& store, const std::string& name) {
  Output& output = context.output;
  const service::TagList tags = service::list_tags(store, name);
  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    service::write_document(json, tags);
  } else if (tags.tags.empty()) {
    output.say(fmt::format("{} has no tags", name));
  } else {
    Table table;
    table.columns = {{.title = "TAG"}, {.title = "VERSION"}, {.title = "SET"}, {.title = "BY"}};
    for (const dataset::Tag& tag : tags.tags)
      table.rows.push_back({tag.name, dataset::spell(name, tag.version), format_time(tag.set),
                            escape_controls(tag.set_by)});
    output.write(table.layout(output.result_width()));
  }
  return warn_of_unreadable(output, tags.unreadable);
}

void tell(Output& output, const service::MovedTag& tag) {
  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    service::write_document(json, tag);
    return;
  }
  const std::string word = tag.name + "@" + tag.tag;
  if (!tag.version) return output.say(fmt::format("removed {}", word));
  const std::string now = dataset::spell(tag.name, *tag.version);
  if (tag.before == tag.version)
    output.say(fmt::format("{} is {} already", word, now));
  else if (tag.before)
    output.say(
        fmt::format("{} is {} now; it was {}", word, now, dataset::spell(tag.name, *tag.before)));
  else
    output.say(fmt::format("{} is {} now", word, now));
}

int tag_version(Context& context, const Arguments& arguments) {
  const dataset::Reference reference = parse_reference(arguments.get("NAME[:V]"));
  const bool sets = arguments.has("TAG"), removes = arguments.has("--delete");
  if (sets && removes)
    fail(ErrorKind::invalid_argument, "either set the tag {} or delete {}: not both at once",
         arguments.get("TAG"), arguments.get("--delete"));
  if (!sets && reference.names_version())
    fail(ErrorKind::invalid_argument,
         "which tag is {0} to have? grid datastore tag {0} TAG; the tags of {1} are listed by "
         "grid datastore tag {1}",
         reference.text(), reference.name);
  const std::shared_ptr<dataset::OpenStore> store = context.open_store();
  if (sets)
    tell(context.output, service::set_tag(*store, reference, arguments.get("TAG")));
  else if (removes)
    tell(context.output, service::remove_tag(*store, reference.name, arguments.get("--delete")));
  else
    return list(context, *store, reference.name);
  return 0;
}

}  // namespace

Command datastore_tag_command() {
  return {
      .spec =
          {.path = {"datastore", "tag"},
           .summary = "Give a version a name that can be moved, as in cats@best",
           .description =
               "A tag stands for a version wherever one is named: `grid datastore get cats@best "
               "out`, `grid run train.py --data grid:cats@best`. Set again, it moves. With no tag, "
               "those of the datastore are listed. Without :V, the newest version gets it. A "
               "version that has a tag is not deleted, unless with --force.",
           .positionals = {{.name = "NAME[:V]", .completes = Completes::version},
                           {.name = "TAG", .required = false}},
           .options = {{.name = "--delete",
                        .short_name = "-d",
                        .value = "TAG",
                        .help = "remove this tag; the version stays"}},
           .examples = {"grid datastore tag cats:3 best", "grid datastore tag cats",
                        "grid datastore tag cats --delete best"}},
      .run = tag_version};
}

}  // namespace grid::cli
