// From a source folder to a stored tree: walk, recognise, read, cut, store, list.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "dataset/create.h"
#include "dataset/manifest.h"
#include "dataset/scan_record.h"
#include "dataset/walker.h"
#include "store/chunk_session.h"

namespace grid::dataset {

struct ImportOptions {
  WalkOptions walk;
  unsigned workers = 4;
};

struct Import {
  Digest root;
  TreeTotals totals;
  std::uint64_t files_read = 0, files_unchanged = 0;
  std::uint64_t bytes_read = 0, bytes_new = 0;
  std::vector<Problem> problems;  // in the order of the tree
};

// Stores the source's chunks and manifest, durably, and gives the tree's root. Of a source with no
// entries nothing is stored, and the root means nothing. Whether a file
// that could not be kept is a failure is the caller's to say. `unchanged` may be empty.
Import import_tree(store::ChunkStore& store, const ImportOptions& options,
                   std::optional<UnchangedFiles> unchanged, ScanRecordWriter& scan_record,
                   CreateProgress& progress);

}  // namespace grid::dataset
