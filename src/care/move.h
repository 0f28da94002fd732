// Moves a datastore with all its versions from one store to another.
//
// Numbers, records and roots stay the same: `cats:3` is the same version there, and the numbers of
// deleted versions stay taken. Chunks that the other store has are not sent. Versions appear there
// one by one, each complete. Last of all the old store's versions are deleted, with a note that
// says where they are now, so that no user continues with a `cats` that the others do not see.
//
// If it is killed at any moment, every version is in at least one of the stores, and the same move
// continues when run again.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "dataset/open_store.h"
#include "store/chunk_copier.h"

namespace grid::care {

struct MoveOptions {
  std::string name;      // of the datastore
  bool keep = false;     // only copy; the old store's versions stay ready
  unsigned workers = 0;  // threads; 0: chosen for this machine
  // When another thread sets this, the move ends soon with Interrupted; null: never.
  const std::atomic<bool>* stop = nullptr;
};

// Written by the mover, read by a progress bar. The values only grow.
struct MoveProgress {
  std::atomic<std::uint64_t> files_total = 0, bytes_total = 0;  // of all versions, shared or not
  std::atomic<std::uint64_t> files_done = 0, bytes_done = 0;
  store::ChunkCopyCounts chunks;
};

struct MoveResult {
  std::vector<dataset::VersionNumber> versions;  // all that are ready in the new store
  std::uint64_t versions_published = 0;          // by this move, not by earlier attempts
  bool moved_before = false;                     // nothing was left to do
};

// Throws `not_found` (no such datastore, or no ready version in it), `invalid_argument` (both are
// one store), `already_exists` (other versions have the name there), `corrupt`, `unavailable`.
MoveResult move_datastore(const dataset::OpenStore& from, dataset::OpenStore& to,
                          const MoveOptions& options, MoveProgress& progress);

}  // namespace grid::care
