// Which chunks a store has, and where: sorted tables on disk under a small map in memory.
//
// The pack indexes in the store are the authority. This is their union, kept in the cache folder as
// a few mapped tables of geometrically growing size, so that memory does not grow with the store.
// Opening it reads the tables' headers and which packs they cover, never their entries. Tables that
// turn out to be damaged are dropped, and their packs with them, which are then read again.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/digest.h"
#include "store/chunk_reader.h"
#include "store/chunk_table.h"
#include "store/chunk_table_writer.h"

namespace grid::store {

// The chunks that one session has been granted and has not handed to add_pack() yet. Only the index
// uses it, under its own lock. It is destroyed with its session: chunks that the session did not
// store are then no longer claimed.
class ChunkClaims {
 private:
  friend class ChunkIndex;
  std::unordered_set<Digest, DigestHash> digests_;  // guarded by ChunkIndex::mutex_
};

struct Claim {
  bool granted = false;  // the caller must store the chunk
  // Where a durable pack has the chunk. If this is empty and nothing was granted, another thread of
  // the session stores it.
  std::optional<Location> at{};
};

// Thread-safe. No call waits for files that another writes, except flush().
class ChunkIndex {
 public:
  // `folder` is where tables are kept; empty: in memory. If the folder cannot be written, new
  // tables stay in memory and are made again by each process.
  explicit ChunkIndex(std::filesystem::path folder);

  std::optional<Location> find(const Digest& digest) const;
  // The same for several chunks, in their order; costs less than one by one.
  std::vector<std::optional<Location>> find(std::span<const ChunkRef> chunks) const;

  // Every place where a pack has the chunk, one for each pack; find() returns one of them.
  std::vector<Location> find_all(const Digest& digest) const;
  // From now on, find() returns this one of the places of a chunk: another one holds other bytes.
  void prefer(const Digest& digest, const Location& place);

  // Grants a chunk to the first thread of a session that claims it, unless a durable pack has it.
  // Claims of other sessions do not count: these may fail, and a version that this session
  // publishes meanwhile would lack the chunk. So two sessions that are given the same chunk both
  // store it.
  Claim claim(const Digest& digest, ChunkClaims& claims);

  // The same for a chunk whose places in packs are of no use.
  Claim claim_again(const Digest& digest, ChunkClaims& claims);

  // Adds a pack that is durable in the store, and removes its chunks from the `claims` of the
  // session that wrote it (null: another process did). Writes tables when enough has accumulated.
  void add_pack(const PackId& pack, const std::vector<PackEntry>& entries,
                ChunkClaims* claims = nullptr);

  // All packs that were added, each with the size that its data must have for its chunks, in bytes.
  std::map<PackId, std::uint64_t> packs() const;

  // Writes what is in memory to a table, and merges tables when there are many.
  void flush();

  // Forgets everything and removes the files: for tables that contradict the store.
  void clear();

  // Forgets what is in damaged tables and removes these; true if there were any. The first call
  // reads all tables.
  bool drop_damaged_tables();

 private:
  // Packs that are in no table yet.
  struct Recent {
    std::unordered_map<Digest, Location, DigestHash> places;
    std::unordered_multimap<Digest, Location, DigestHash> other_places;  // of chunks in `places`
    std::vector<TablePack> packs;
  };
  using Lock = std::unique_lock<std::mutex>;

  void open_tables();
  void know(std::span<const TablePack> packs);                 // mutex_ is held
  const Location* find_in_memory(const Digest& digest) const;  // mutex_ is held
  // Writes recent packs to a table, and merges tables. One thread at a time.
  void write_tables(Lock lock);
  void write_sealed(const std::shared_ptr<const Recent>& sealed);
  void merge_tables();
  bool drop_damaged(const ChunkTables& tables);
  std::shared_ptr<const ChunkTable> make_table(
      std::span<const TablePack> packs, std::uint64_t entry_count_max,
      const std::function<void(ChunkTableWriter&)>& fill) const;

  const std::filesystem::path folder_;
  mutable std::mutex mutex_;
  std::condition_variable written_;
  std::shared_ptr<const ChunkTables> tables_;  // guarded by mutex_; the largest first
  Recent recent_;                              // guarded by mutex_
  std::shared_ptr<const Recent> sealed_;       // guarded by mutex_; becomes the next table
  // Of chunks that are damaged elsewhere.
  std::unordered_map<Digest, Location, DigestHash> preferred_;  // guarded by mutex_
  bool writing_ = false;                   // guarded by mutex_; a thread writes tables
  std::map<PackId, std::uint64_t> packs_;  // guarded by mutex_; as packs() says
};

}  // namespace grid::store
