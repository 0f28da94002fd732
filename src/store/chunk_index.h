// Which chunks a store has, and where: sorted tables on disk under a small map in memory.
//
// The authority are the pack indexes in the store. This is their union, kept in the cache folder
// as a few mapped tables of geometrically growing size, so that memory does not grow with the
// store and opening it reads nothing.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/digest.h"
#include "store/chunk_table.h"

namespace grid::store {

// Thread-safe.
class ChunkIndex {
 public:
  // `folder` is where tables are kept; empty: in memory. A folder that cannot be written is
  // treated as empty: the tables are made again each time.
  explicit ChunkIndex(std::filesystem::path folder);

  std::optional<Location> find(const Digest& digest) const;

  // True if the chunk is not known and nobody has claimed it: the caller then stores it, and
  // must end with add_pack() or not publish anything that names it.
  bool claim(const Digest& digest);

  // Takes up a pack that is durable in the store.
  void add_pack(const PackId& pack, const std::vector<PackEntry>& entries);

  // All packs that were taken up.
  std::set<PackId> packs() const;

  // Writes what is in memory to a table, and merges tables when there are many.
  void flush();

  // Forgets everything, the files too: the tables contradicted the store.
  void clear();

 private:
  using Tables = std::vector<std::shared_ptr<const ChunkTable>>;

  void open_tables();
  void flush_locked();
  void merge_locked();
  std::shared_ptr<const ChunkTable> keep(Bytes bytes);

  const std::filesystem::path folder_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Tables> tables_;                     // guarded by mutex_
  std::unordered_map<Digest, Location, DigestHash> recent_;  // guarded by mutex_
  std::unordered_set<Digest, DigestHash> claimed_;           // guarded by mutex_
  std::set<PackId> packs_;            // guarded by mutex_; all that were taken up
  std::vector<PackId> recent_packs_;  // guarded by mutex_; those in recent_
};

}  // namespace grid::store
