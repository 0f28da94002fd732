#include <algorithm>
#include <vector>

#include "base/timestamp.h"
#include "cli/args.h"
#include "cli/commands.h"
#include "cli/references.h"
#include "cli/text.h"
#include "service/entries.h"

namespace grid::cli {

namespace {

using tree::EntryKind;
using tree::EntryRef;

enum class Naming { name, path };

struct Style {
  bool details = false;
  Naming naming = Naming::name;
};

// "-r-x", "-r--", "dr-x", "lr-x": what a mount shows to everyone, without write permission.
std::string mode_of(const EntryRef& entry) {
  switch (entry.kind()) {
    case EntryKind::folder:
      return "dr-x";
    case EntryKind::symlink:
      return "lr-x";
    case EntryKind::file:
    case EntryKind::hard_link:
      break;
  }
  return entry.executable() ? "-r-x" : "-r--";
}

std::string line_of(const Output& output, const tree::Manifest& manifest, const EntryRef& entry,
                    const Style& style) {
  auto shown = [&](std::string_view name) {
    return output.result_is_terminal() ? escape_name(name) : std::string(name);
  };
  std::string name = shown(style.naming == Naming::path ? entry.path() : std::string(entry.name()));
  if (entry.kind() == EntryKind::folder) name += '/';
  if (!style.details) return name + "\n";
  EntryRef file = service::without_hard_link(manifest, entry);
  std::string size = file.kind() == EntryKind::file ? format_size(file.size()) : "-";
  if (entry.kind() == EntryKind::symlink) name += " -> " + shown(entry.target());
  if (entry.kind() == EntryKind::hard_link) name += " = " + shown(entry.target());
  return fmt::format("{}  {:>8}  {}  {}\n", mode_of(file), size,
                     format_time(time_point_of(file.mtime_ns())), name);
}

bool is_sorted_otherwise(const Arguments& arguments) {
  return arguments.has("--sort-size") || arguments.has("--sort-time") || arguments.has("--reverse");
}

// Largest or newest first, as ls(1) does.
std::vector<EntryRef> sorted(tree::EntryCursor& cursor, const tree::Manifest& manifest,
                             const Arguments& arguments) {
  std::vector<EntryRef> entries;
  while (std::optional<EntryRef> entry = cursor.next()) entries.push_back(std::move(*entry));
  const auto size_of = [&](const EntryRef& entry) {
    const EntryRef file = service::without_hard_link(manifest, entry);
    return file.kind() == EntryKind::file ? file.size() : 0;
  };
  if (arguments.has("--sort-size"))
    std::stable_sort(entries.begin(), entries.end(),
                     [&](const EntryRef& a, const EntryRef& b) { return size_of(a) > size_of(b); });
  else if (arguments.has("--sort-time"))
    std::stable_sort(entries.begin(), entries.end(), [](const EntryRef& a, const EntryRef& b) {
      return a.mtime_ns() > b.mtime_ns();
    });
  if (arguments.has("--reverse")) std::reverse(entries.begin(), entries.end());
  return entries;
}

int ls(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  std::shared_ptr<dataset::OpenStore> store = context.open_store(StoreUse::read);
  dataset::Reference reference = parse_reference(arguments.get("NAME[:V]"));
  const service::EntryListing listing =
      service::list_entries(service::open_version(*store, reference),
                            arguments.find("PATH").value_or(""), arguments.has("--recursive"));
  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    service::write_document(json, listing);
    return 0;
  }
  const Style style{
      .details = arguments.has("--long"),
      .naming = arguments.has("--recursive") || !listing.is_folder ? Naming::path : Naming::name};
  if (!reference.version) output.say(fmt::format("{}:", listing.version.text()));
  const tree::Manifest& manifest = *listing.version.manifest;
  tree::EntryCursor cursor = listing.entries();
  if (is_sorted_otherwise(arguments)) {
    for (const EntryRef& entry : sorted(cursor, manifest, arguments))
      output.write(line_of(output, manifest, entry, style));
    return 0;
  }
  while (std::optional<EntryRef> entry = cursor.next())
    output.write(line_of(output, manifest, *entry, style));
  return 0;
}

}  // namespace

Command datastore_ls_command() {
  return {
      .spec = {.path = {"datastore", "ls"},
               .summary = "List the content of a version",
               .description =
                   "On a terminal, bytes in names that it cannot show are escaped. Elsewhere, "
                   "names are written unchanged.",
               .positionals = {{.name = "NAME[:V]", .completes = Completes::version},
                               {.name = "PATH", .required = false}},
               .options = {{.name = "--long",
                            .short_name = "-l",
                            .help = "also show mode, size, modification time and link target"},
                           {.name = "--recursive",
                            .short_name = "-R",
                            .help = "list everything below, with paths"},
                           {.name = "--human-readable",
                            .short_name = "-h",
                            .help = "sizes as 1.2 MB, which -l shows in any case"},
                           {.name = "--sort-size", .short_name = "-S", .help = "largest first"},
                           {.name = "--sort-time", .short_name = "-t", .help = "newest first"},
                           {.name = "--reverse", .short_name = "-r", .help = "in reverse order"}},
               .examples = {"grid datastore ls cats:3", "grid datastore ls -l cats images"}},
      .run = ls};
}

}  // namespace grid::cli
