// Writes a version, or a part of it, as plain files.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "dataset/open_store.h"

namespace grid::care {

struct ExportProgress {
  // Set before the first file is written.
  std::atomic<std::uint64_t> files_total = 0, bytes_total = 0;
  std::atomic<std::uint64_t> files_done = 0, bytes_done = 0;
};

struct ExportFailure {
  std::string path;  // in the version; empty: entries whose names are lost
  ErrorKind kind = ErrorKind::corrupt;
  std::string reason;
};

struct ExportReport {
  std::uint64_t failed = 0;             // entries
  std::vector<ExportFailure> failures;  // by path; no more than the first 100,000
};

// What to do with files that are at the destination already.
enum class Existing {
  refuse,   // the destination must not exist or be an empty folder: else throws `already_exists`
  keep,     // write beside them; one that is in the way stays, and is reported
  replace,  // write beside them; a file or a link that is in the way is replaced, a folder stays
};

// Writes everything below `path` ("" is the whole version; for a file's path, that file) to
// `destination`; a single file goes into a folder that exists, unless that is refused. Keeps names,
// links, hard links, executable bits, modification times and holes; the process's umask decides the
// other permissions.
//
// Writes nothing outside of the destination, whatever the tree says, and follows no link there.
// What is damaged, or cannot be written, is left out and reported, and everything else is written:
// no file is left short, except by a process that is killed. Throws `not_found` for a path that is
// not in the version, `no_space` as soon as there is no room, `unavailable` if the store does not
// answer any more, and for a single file any error, within its path.
ExportReport export_tree(const dataset::OpenStore& store,
                         const std::shared_ptr<const tree::Manifest>& manifest,
                         std::string_view path, const std::filesystem::path& destination,
                         ExportProgress& progress, Existing existing = Existing::refuse);

}  // namespace grid::care
