// From a source to a stored tree: recognise, divide among workers, list.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "create/changed_tree.h"
#include "create/checkpoint.h"
#include "create/create.h"
#include "create/scan_record.h"
#include "source/source.h"
#include "store/chunk_session.h"
#include "tree/manifest.h"

namespace grid::create {

struct ImportOptions {
  unsigned workers = 4;
  std::filesystem::path temporary_folder{};  // for what exceeds memory
  std::filesystem::path open_packs{};        // see ChunkSession; empty: nowhere
  std::optional<TreeChanges> changes{};      // the source is a change to a base
  const std::atomic<bool>* stop = nullptr;   // see CreateStoring
  store::WantedChunks* only = nullptr;       // see ChunkSession
  std::optional<store::LeaseId> lease{};     // of who imports
  bool checks_known = false;                 // see ChunkSession::check_known()
};

// What is known of the source from earlier creates.
struct KnownContent {
  std::optional<UnchangedFiles> unchanged;  // of sources in tree order
  Checkpoint* checkpoint = nullptr;
};

struct Import {
  Digest root;
  tree::TreeTotals totals;
  std::uint64_t files_read = 0, files_unchanged = 0;
  std::uint64_t bytes_read = 0, bytes_new = 0;
  std::uint64_t chunks_healed = 0;
  std::vector<source::Problem> problems;  // in the order of the source
};

// Stores the source's chunks and manifest durably and returns the tree's root. If the source has no
// entries, nothing is stored and the root is meaningless. The caller decides whether a file that
// could not be kept is a failure. If it throws, what was put by then is durable, provided that the
// store still accepts it.
Import import_tree(store::ChunkStore& store, const ImportOptions& options, source::Source& source,
                   KnownContent known, ScanRecordWriter& scan_record, CreateProgress& progress);

}  // namespace grid::create
