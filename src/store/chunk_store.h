// All chunks of a store: what is where, reading with verification, and sessions that add more. A
// chunk that lies in several packs is read as long as one of them has it undamaged.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "base/error.h"
#include "base/read_ahead.h"
#include "store/chunk_index.h"
#include "store/chunk_reader.h"
#include "store/frame_cache.h"
#include "store/marker.h"
#include "store/pack_prefetcher.h"
#include "store/store_costs.h"

namespace grid::store {

struct ChunkStoreOptions {
  // Where derived tables may be kept between processes; empty: in memory only. Losing the folder
  // loses time, never data.
  std::filesystem::path cache_folder;
  std::size_t frame_cache_size_max = 16 << 20;  // bytes of decompressed frames
  // For long-lived readers: which policies apply (base/read_ahead.h). Empty: nothing is read ahead.
  std::optional<ReadAhead> read_ahead{};
  StoreCostCounters* costs = nullptr;  // outlives the store; null disables counting
};

// A pack whose data object is missing, or shorter than its index says; or one that a collection may
// remove.
struct ShortPack {
  std::uint64_t expected = 0;            // bytes
  std::optional<std::uint64_t> found{};  // nullopt: there is no data object
  bool is_excluded = false;              // may be removed: `found` says nothing

  // What is wrong with it, by the name of the object.
  std::string reason(const PackId& pack) const;
};
using ShortPacks = std::map<PackId, ShortPack>;

// Thread-safe.
class ChunkStore : public ChunkReader {
 public:
  ChunkStore(std::shared_ptr<backend::Backend> backend, const StoreMarker& marker,
             ChunkStoreOptions options = {});
  ~ChunkStore() override;

  void read_chunks(std::span<const ChunkRef> chunks, MutableBytesView out) const override;
  Bytes read_chunk(const Digest& digest) const override;
  void expect(std::span<const ChunkRef> chunks) const override;
  bool is_in_memory(std::span<const ChunkRef> chunks) const override;
  std::uint64_t expected_max() const override;

  // A chunk, checked, if one of its known places has it: other packs are not looked for.
  std::optional<Bytes> find_chunk(const Digest& digest) const;

  // Whether a chunk is undamaged at this one of its places.
  bool is_sound(const Digest& digest, const Location& place) const;

  // Finds packs that others have added or removed; true if there were any. Reading does this by
  // itself when a chunk is not where it should be.
  bool refresh() const;
  // The same for those who add chunks: learns short_packs() from the same listing. `excluded` count
  // as such, for all who use this store from now on: see Lease.
  void refresh_for_writing(const std::set<PackId>& excluded = {}) const;
  // As of the last refresh_for_writing(): nothing new may rely on a chunk that only these have.
  // Never null.
  std::shared_ptr<const ShortPacks> short_packs() const;
  // Makes tables in the cache folder that are damaged again; false if none is. Reading does this by
  // itself before it calls a chunk missing or damaged.
  bool replace_damaged_tables() const;

  ChunkIndex& index() const { return *index_; }
  backend::Backend& backend() const { return *backend_; }

 private:
  struct Located;
  template <class Attempt>
  auto with_fresh_index(const Attempt& attempt) const;
  bool learn(const std::set<PackId>& listed, const std::map<PackId, std::uint64_t>& known) const;
  ShortPacks learn_short_packs() const;
  Location place_of_size(const ChunkRef& chunk, const Location& found) const;
  std::vector<Located> locate(std::span<const ChunkRef> chunks) const;
  void read_known(std::span<const ChunkRef> chunks, MutableBytesView out) const;
  Bytes read_known(const Digest& digest) const;
  [[noreturn]] void fail_absent(const Digest& digest) const;
  void read_run(std::span<const Located> run) const;
  std::optional<Error> find_damage(std::span<const Located> run) const;
  bool read_elsewhere(const Located& chunk) const;
  void read_run_once(std::span<const Located> run) const;

  std::shared_ptr<backend::Backend> backend_;
  std::unique_ptr<ChunkIndex> index_;
  mutable FrameCache frames_;
  StoreCostCounters* const costs_;
  const std::unique_ptr<PackPrefetcher> prefetcher_;  // null: nothing is read ahead
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const ShortPacks> short_packs_;  // guarded by mutex_
  mutable std::set<PackId> excluded_;                      // of these packs; guarded by mutex_
  // Held while the index is renewed because a read has failed: whoever fails meanwhile must not
  // take an index that is half renewed for all there is.
  mutable std::mutex renewing_;
  mutable std::atomic<std::uint64_t> renewals_ = 0;  // those that changed the index
};

}  // namespace grid::store
