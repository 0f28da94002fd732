// A datastore with all its versions, from one store to another.
//
// Numbers, records and roots stay what they are: `cats:3` is the same version there, and numbers of
// deleted versions stay taken. Chunks that the other store has are not sent. Versions appear there
// one by one, each whole; last of all, those of the old store become deleted, with a note where
// they are now, so that nobody goes on with a `cats` that the others do not see.
//
// Killed at any moment, it leaves every version in at least one of the stores, and the same move
// again goes on.
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
  bool keep = false;     // only copy: the old store's versions stay ready
  unsigned workers = 0;  // threads; 0: as many as serve this machine
  // Set by others while it runs: it then ends soon with Interrupted; null: never.
  const std::atomic<bool>* stop = nullptr;
};

// Written by the mover, read by whoever draws a progress bar. All only grow.
struct MoveProgress {
  std::atomic<std::uint64_t> files_total = 0, bytes_total = 0;  // of all versions, shared or not
  std::atomic<std::uint64_t> files_done = 0, bytes_done = 0;
  store::ChunkCopyCounts chunks;
};

struct MoveResult {
  std::vector<dataset::VersionNumber> versions;  // ready in the new store, all of them
  std::uint64_t versions_published = 0;  // by this move; those of earlier attempts do not count
  bool moved_before = false;             // there was nothing left to do
};

// Throws `not_found` (no such datastore, or nothing ready in it), `invalid_argument` (both are one
// store), `already_exists` (the name is taken there by other versions), `corrupt`, `unavailable`.
MoveResult move_datastore(const dataset::OpenStore& from, dataset::OpenStore& to,
                          const MoveOptions& options, MoveProgress& progress);

}  // namespace grid::care
