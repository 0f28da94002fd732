#include "server/version_file.h"

namespace grid::server {

tree::EntryRef file_in(const service::OpenVersion& version, const std::string& path) {
  if (path.empty())
    fail(ErrorKind::invalid_argument, "{} is not a file but a folder", version.text());
  tree::EntryRef entry =
      service::without_hard_link(*version.manifest, service::entry_at(version, path));
  if (entry.kind() != tree::EntryKind::file)
    fail(ErrorKind::invalid_argument, "{}: {} is not a file but a {}", version.text(), path,
         tree::name_of(entry.kind()));
  return entry;
}

ServedFile served_file(const Api& api, const service::OpenVersion& version,
                       const tree::EntryRef& entry) {
  const std::shared_ptr<dataset::OpenStore> store = api.store();
  if (!entry.is_in_place()) return api.kept_files().serve(store, entry.content(), entry.size());
  return {.size = entry.size(),
          .read = [store, manifest = version.manifest, entry](
                      std::uint64_t offset, std::size_t size, Bytes& scratch) -> FilePiece {
            return store->files->read_file_part(*manifest, entry, offset, size, scratch);
          }};
}

}  // namespace grid::server
