#include "cli/args.h"
#include "cli/commands.h"
#include "cli/record.h"

namespace grid::cli {

namespace {

using tree::EntryKind;
using tree::EntryRef;

constexpr std::size_t piece_size = 4 << 20;  // bytes

EntryRef file_at(const tree::Manifest& manifest, std::string_view version,
                 const std::string& path) {
  EntryRef entry = entry_at(manifest, version, path);
  switch (entry.kind()) {
    case EntryKind::file:
      return entry;
    case EntryKind::hard_link:
      return entry_at(manifest, version, entry.target());
    case EntryKind::folder:
      fail(ErrorKind::invalid_argument, "{}: {} is a folder", version, path);
    case EntryKind::symlink:
      break;
  }
  fail(ErrorKind::invalid_argument, "{}: {} is a symbolic link to {}", version, path,
       entry.target());
}

int cat(Context& context, const Arguments& arguments) {
  std::shared_ptr<dataset::OpenStore> store = context.open_store();
  dataset::Reference reference = dataset::Reference::parse(arguments.get("NAME[:V]"));
  dataset::VersionRecord record = store->datastores->resolve(reference).record;
  std::string version = spell(reference.name, record.number);
  std::shared_ptr<const tree::Manifest> manifest = store->manifest(record);
  const std::string path = path_in_version(arguments.get("PATH"));
  if (path.empty()) fail(ErrorKind::invalid_argument, "{}: the path of a file is missing", version);
  EntryRef file = file_at(*manifest, version, path);

  Bytes scratch;
  try {
    for (std::uint64_t offset = 0; offset < file.size(); offset += piece_size)
      context.output.write(
          store->files->read_file_part(*manifest, file, offset, piece_size, scratch));
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::corrupt || error.kind() == ErrorKind::changed)
      throw error.within(path).within(version);
    throw;
  }
  return 0;
}

}  // namespace

Command datastore_cat_command() {
  return {.spec = {.path = {"datastore", "cat"},
                   .summary = "Print a file of a version",
                   .description = "Writes the file's bytes, with -o json too.",
                   .positionals = {{.name = "NAME[:V]", .completes = Completes::version},
                                   {.name = "PATH"}},
                   .examples = {"grid datastore cat cats:3 labels.csv | head"}},
          .run = cat};
}

}  // namespace grid::cli
