#include "cli/args.h"
#include "cli/commands.h"
#include "cli/record.h"
#include "cli/text.h"
#include "tree/diff.h"

namespace grid::cli {

namespace {

using tree::Change;
using tree::ChangeKind;

struct Totals {
  std::uint64_t added = 0, removed = 0, changed = 0, renamed = 0;
};

Totals count(const std::vector<Change>& changes) {
  Totals totals;
  for (const Change& change : changes) {
    switch (change.kind) {
      case ChangeKind::added:
        ++totals.added;
        break;
      case ChangeKind::removed:
        ++totals.removed;
        break;
      case ChangeKind::changed:
        ++totals.changed;
        break;
      case ChangeKind::renamed:
        ++totals.renamed;
        break;
    }
  }
  return totals;
}

std::string line_of(const Output& output, const Change& change) {
  auto shown = [&](const std::string& path) {
    return output.result_is_terminal() ? escape_name(path) : path;
  };
  std::string path = shown(change.path);
  if (change.entry_kind == tree::EntryKind::folder) path += '/';
  bool has_size = change.entry_kind == tree::EntryKind::file;
  switch (change.kind) {
    case ChangeKind::added:
      return fmt::format("+ {}{}\n", path,
                         has_size ? fmt::format("  ({})", format_size(change.new_size)) : "");
    case ChangeKind::removed:
      return fmt::format("- {}\n", path);
    case ChangeKind::renamed:
      return fmt::format("> {} → {}\n", shown(change.old_path), path);
    case ChangeKind::changed:
      break;
  }
  std::string what;
  if (!change.content_changed)
    what = "  (not its content)";
  else if (has_size)
    what = fmt::format("  ({} → {})", format_size(change.old_size), format_size(change.new_size));
  return fmt::format("~ {}{}\n", path, what);
}

void write_document(Output& output, const std::vector<Change>& changes, const std::string& older,
                    const std::string& newer) {
  Totals totals = count(changes);
  service::JsonWriter json(output.result_writer());
  json.begin_object().member("older", older).member("newer", newer);
  json.key("changes").begin_array();
  for (const Change& change : changes) {
    json.begin_object().member("change", tree::name_of(change.kind));
    json.name_member("path", change.path);
    if (change.kind == ChangeKind::renamed) json.name_member("old_path", change.old_path);
    json.member("kind", tree::name_of(change.entry_kind));
    json.member("old_size", change.old_size).member("new_size", change.new_size);
    json.member("content_changed", change.content_changed).end_object();
  }
  json.end_array().key("totals").begin_object();
  json.member("added", totals.added).member("removed", totals.removed);
  json.member("changed", totals.changed).member("renamed", totals.renamed);
  json.end_object().end_object();
}

int diff(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  dataset::Reference older = dataset::Reference::parse(arguments.get("NAME:V1"));
  dataset::Reference newer = dataset::Reference::parse(arguments.get("NAME:V2"));
  std::shared_ptr<dataset::OpenStore> store = context.open_store();
  dataset::VersionRecord older_record = store->datastores->resolve(older).record;
  dataset::VersionRecord newer_record = store->datastores->resolve(newer).record;
  std::vector<Change> changes =
      tree::diff(store->manifest(older_record), store->manifest(newer_record));
  std::string older_name = spell(older.name, older_record.number);
  std::string newer_name = spell(newer.name, newer_record.number);
  if (output.json()) {
    write_document(output, changes, older_name, newer_name);
    return 0;
  }
  for (const Change& change : changes) output.write(line_of(output, change));
  Totals totals = count(changes);
  output.write(fmt::format("{} → {}: {} added, {} removed, {} changed, {} renamed\n", older_name,
                           newer_name, format_count(totals.added), format_count(totals.removed),
                           format_count(totals.changed), format_count(totals.renamed)));
  if ((older_record.totals.files_in_place > 0) != (newer_record.totals.files_in_place > 0))
    output.say(
        "files in place were compared with those in the store by size and time: their bytes "
        "are not known");
  return 0;
}

}  // namespace

Command datastore_diff_command() {
  return {.spec = {.path = {"datastore", "diff"},
                   .summary = "Show what differs between two versions",
                   .description = "A line for each difference: + added, - removed, ~ changed, > "
                                  "renamed; then the totals. No file is read: those in place are "
                                  "compared by ETag and size, and with copies by size and time.",
                   .positionals = {{.name = "NAME:V1", .completes = Completes::version},
                                   {.name = "NAME:V2", .completes = Completes::version}},
                   .examples = {"grid datastore diff cats:2 cats:3"}},
          .run = diff};
}

}  // namespace grid::cli
