#include "cli/args.h"
#include "cli/commands.h"
#include "cli/references.h"
#include "cli/table.h"
#include "cli/text.h"
#include "service/folder_changes.h"

namespace grid::cli {

namespace {

using tree::Change;
using tree::ChangeKind;

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
      return fmt::format("> {}{} → {}\n", shown(change.old_path), path.ends_with('/') ? "/" : "",
                         path);
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

void write_folders(Output& output, const service::Comparison& comparison) {
  Table table{.columns = {{"FOLDER", Align::left, true},
                          {"ADDED", Align::right},
                          {"REMOVED", Align::right},
                          {"CHANGED", Align::right},
                          {"RENAMED", Align::right},
                          {"BEFORE", Align::right},
                          {"AFTER", Align::right}}};
  for (const service::FolderChanges& one : service::changes_by_folder(comparison.changes))
    table.rows.push_back(
        {output.result_is_terminal() ? escape_name(one.folder + "/") : one.folder + "/",
         format_count(one.totals.added), format_count(one.totals.removed),
         format_count(one.totals.changed), format_count(one.totals.renamed),
         format_size(one.totals.old_size), format_size(one.totals.new_size)});
  if (!table.rows.empty()) output.write(table.layout(output.result_width()));
}

void write_comparison(Output& output, const service::Comparison& comparison, bool by_folder) {
  if (by_folder)
    write_folders(output, comparison);
  else
    for (const Change& change : service::with_renamed_folders(comparison.changes))
      output.write(line_of(output, change));
  const service::Comparison::Totals& totals = comparison.totals;
  output.write(fmt::format("{} → {}: {} added, {} removed, {} changed, {} renamed\n",
                           comparison.older, comparison.newer, format_count(totals.added),
                           format_count(totals.removed), format_count(totals.changed),
                           format_count(totals.renamed)));
  if (comparison.without_content)
    output.say(
        "files in place were compared with those in the store by size and time: their bytes "
        "are not known");
}

int diff(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  dataset::Reference older = parse_reference(arguments.get("NAME:V1"));
  dataset::Reference newer = parse_reference(arguments.get("NAME:V2"));
  std::shared_ptr<dataset::OpenStore> store = context.open_store(StoreUse::read);
  const service::Comparison comparison =
      service::compare_versions(*store, older, newer, arguments.all("PATH"));
  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    service::write_document(json, comparison);
  } else {
    write_comparison(output, comparison, arguments.has("--stat"));
  }
  return 0;
}

}  // namespace

Command datastore_diff_command() {
  return {
      .spec = {.path = {"datastore", "diff"},
               .summary = "Show what differs between two versions",
               .description = "Prints a line for each difference (+ added, - removed, ~ changed, "
                              "> renamed), then the totals. No file is read: files in place are "
                              "compared with each other by ETag and size, with copies by size "
                              "and time.\n\nA folder that only has another name is one line. With "
                              "PATHs, shows what lies there, before or after.",
               .positionals = {{.name = "NAME:V1", .completes = Completes::version},
                               {.name = "NAME:V2", .completes = Completes::version},
                               {.name = "PATH", .required = false, .repeatable = true}},
               .options = {{.name = "--stat",
                            .help = "Count the files by folder, in place of a line for each"}},
               .examples = {"grid datastore diff cats:2 cats:3",
                            "grid datastore diff --stat cats:2 cats:3",
                            "grid datastore diff cats:2 cats:3 breeds/siamese"}},
      .run = diff};
}

}  // namespace grid::cli
