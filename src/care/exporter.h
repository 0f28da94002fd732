// Writes a version, or a part of it, as plain files.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>

#include "dataset/open_store.h"

namespace grid::care {

struct ExportProgress {
  // Set before the first file is written.
  std::atomic<std::uint64_t> files_total = 0, bytes_total = 0;
  std::atomic<std::uint64_t> files_done = 0, bytes_done = 0;
};

// Writes everything below `path` ("" is the whole version; for a file's path, that file) to
// `destination`, which must not exist or be an empty folder: else throws `already_exists`. Keeps
// names, links, hard links, executable bits, modification times and holes. Throws `not_found` for a
// path that is not in the version, and `corrupt` naming the file.
void export_tree(const dataset::OpenStore& store,
                 const std::shared_ptr<const tree::Manifest>& manifest, std::string_view path,
                 const std::filesystem::path& destination, ExportProgress& progress);

}  // namespace grid::care
