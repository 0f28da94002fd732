#include "cli/args.h"
#include "cli/commands.h"
#include "cli/record.h"
#include "cli/text.h"

namespace grid::cli {

namespace {

using tree::EntryKind;
using tree::EntryRef;

enum class Naming { name, path };

struct Style {
  bool details = false;
  Naming naming = Naming::name;
};

std::chrono::system_clock::time_point time_of(std::int64_t mtime_ns) {
  return std::chrono::system_clock::time_point(
      std::chrono::duration_cast<std::chrono::system_clock::duration>(
          std::chrono::nanoseconds(mtime_ns)));
}

// "-rwx", "drwx", "lrwx": what the mount shows to everyone, without the writing.
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

// What a hard link is another name of; other entries as they are.
EntryRef without_hard_link(const tree::Manifest& manifest, const EntryRef& entry) {
  if (entry.kind() != EntryKind::hard_link) return entry;
  std::optional<EntryRef> first = manifest.find_path(entry.target());
  if (!first)
    fail(ErrorKind::corrupt, "{} is a hard link to {}, which is not there", entry.path(),
         entry.target());
  return *first;
}

std::string line_of(const Output& output, const tree::Manifest& manifest, const EntryRef& entry,
                    const Style& style) {
  auto shown = [&](std::string_view name) {
    return output.result_is_terminal() ? escape_name(name) : std::string(name);
  };
  std::string name = shown(style.naming == Naming::path ? entry.path() : std::string(entry.name()));
  if (entry.kind() == EntryKind::folder) name += '/';
  if (!style.details) return name + "\n";
  EntryRef file = without_hard_link(manifest, entry);
  std::string size = file.kind() == EntryKind::file ? format_size(file.size()) : "-";
  if (entry.kind() == EntryKind::symlink) name += " -> " + shown(entry.target());
  if (entry.kind() == EntryKind::hard_link) name += " = " + shown(entry.target());
  return fmt::format("{}  {:>8}  {}  {}\n", mode_of(file), size,
                     format_time(time_of(file.mtime_ns())), name);
}

void write_entry(service::JsonWriter& json, const tree::Manifest& manifest, const EntryRef& entry) {
  EntryRef file = without_hard_link(manifest, entry);
  json.begin_object().name_member("path", entry.path()).member("kind", name_of(entry.kind()));
  if (file.kind() == EntryKind::file)
    json.member("size", file.size()).member("executable", file.executable());
  json.member("mtime_ns", file.mtime_ns());
  if (entry.kind() == EntryKind::symlink || entry.kind() == EntryKind::hard_link)
    json.name_member("target", entry.target());
  json.end_object();
}

int ls(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  std::shared_ptr<dataset::OpenStore> store = context.open_store();
  dataset::Reference reference = dataset::Reference::parse(arguments.get("NAME[:V]"));
  dataset::VersionRecord record = store->datastores->resolve(reference).record;
  std::string version = spell(reference.name, record.number);
  std::shared_ptr<const tree::Manifest> manifest = store->manifest(record);

  const std::string path = path_in_version(arguments.find("PATH").value_or(""));
  Style style{.details = arguments.has("--long"),
              .naming = arguments.has("--recursive") ? Naming::path : Naming::name};
  tree::EntryRange range;
  if (!path.empty() && entry_at(*manifest, version, path).kind() != EntryKind::folder) {
    range = {.first = entry_at(*manifest, version, path).ordinal(), .count = 1};
    style.naming = Naming::path;
  } else {
    range = arguments.has("--recursive") ? manifest->subtree(path) : manifest->children(path);
  }

  tree::EntryCursor cursor(manifest, range);
  if (!output.json()) {
    if (!reference.version) output.say(fmt::format("{}:", version));
    while (std::optional<EntryRef> entry = cursor.next())
      output.write(line_of(output, *manifest, *entry, style));
    return 0;
  }
  service::JsonWriter json(output.result_writer());
  json.begin_object().member("name", reference.name).member("version", record.number);
  json.name_member("path", path).key("entries").begin_array();
  while (std::optional<EntryRef> entry = cursor.next()) write_entry(json, *manifest, *entry);
  json.end_array().end_object();
  return 0;
}

}  // namespace

Command datastore_ls_command() {
  return {.spec = {.path = {"datastore", "ls"},
                   .summary = "List what is in a version",
                   .description =
                       "On a terminal, bytes of names that a terminal cannot show are escaped; "
                       "elsewhere names are written as they are.",
                   .positionals = {{.name = "NAME[:V]", .completes = Completes::version},
                                   {.name = "PATH", .required = false}},
                   .options = {{.name = "--long",
                                .short_name = "-l",
                                .help = "kind, size, modification time and link target too"},
                               {.name = "--recursive",
                                .short_name = "-R",
                                .help = "everything below, with paths"}},
                   .examples = {"grid datastore ls cats:3", "grid datastore ls -l cats images"}},
          .run = ls};
}

}  // namespace grid::cli
