// Copies of remote objects on the node's own disk, within a limit: shared by all versions, mounts,
// processes and restarts. Does not know who fetches what, or what the bytes mean.
//
// Below its folder: `usage`, and the copies as STORE/KEY. Files that are removed while no process
// uses the cache are simply fetched again.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/lru.h"
#include "cache/cached_object.h"
#include "cache/usage.h"

namespace grid::cache {

struct CachedStore {
  std::string store_id;       // the key under which its copies lie: see CachingOptions::store_key
  std::uint64_t objects = 0;  // count
  std::uint64_t size = 0;     // bytes on the disk
};

// Thread-safe, also between processes.
class DiskCache {
 public:
  // Makes the folder if needed. Throws Error if it cannot be used. `size_max_default` is the limit
  // in bytes until one is set; 0: a fifth of the disk.
  explicit DiskCache(std::filesystem::path folder, std::uint64_t size_max_default = 0);
  ~DiskCache();

  // The copy of an object; an empty one is made if there is none. Throws Error if that fails.
  std::shared_ptr<CachedObject> open(std::string_view store_id, std::string_view key);

  // Puts a block in, after making room for it. False if evicting does not make enough room or the
  // block cannot be written. Does not throw Error.
  bool put(CachedObject& object, std::uint64_t block, BytesView bytes);
  // The same for neighbouring blocks, `size` bytes in all, that come in pieces. nullptr if there is
  // no room for them.
  class Filling;
  std::unique_ptr<Filling> begin_filling(CachedObject& object, std::uint64_t first,
                                         std::uint64_t size);
  // True if a write failed in the last few seconds: the disk is full of other data, or broken.
  bool writing_fails() const;
  // Removes a block and does not remember it. False if it was not present.
  bool drop(CachedObject& object, std::uint64_t block);
  // The same for a block whose bytes are wrong: it is counted as damaged.
  bool drop_damaged(CachedObject& object, std::uint64_t block);

  // Counts the bytes of a caller's own file below the folder, after making room for them. False if
  // evicting does not make enough room.
  bool reserve(std::uint64_t size);

  void note_hit(std::uint64_t size) { usage_->note_hit(size); }
  void note_missed(std::uint64_t size) { usage_->note_missed(size); }
  // put() does this itself.
  void note_fetched(std::uint64_t size) { usage_->note_fetched(size); }

  const std::filesystem::path& folder() const { return folder_; }
  std::uint64_t size_max() const;
  // Evicts what exceeds it.
  void set_size_max(std::uint64_t size_max);
  Statistics statistics() const;  // size_max: the limit in effect
  std::vector<CachedStore> stores() const;

  // Removes everything, even blocks in use: their readers fetch them again. Returns the bytes
  // freed.
  std::uint64_t clear();

 private:
  using Clock = std::chrono::steady_clock;

  void note_write_failed();
  void make_room(std::uint64_t size_wanted);
  void apply_verdicts(std::uint64_t size_to_free);
  void reclaim(CachedObject& object);
  void visit_folders(const std::function<void(const std::filesystem::path&)>& visitor) const;
  void visit(const std::function<void(const std::filesystem::path&)>& visitor) const;
  std::uint32_t oldest_ghost() const;

  const std::filesystem::path folder_;
  const std::uint64_t size_max_default_;
  std::unique_ptr<Usage> usage_;
  std::atomic<Clock::duration> write_failed_at_{Clock::duration::min()};    // since Clock's epoch
  std::atomic<Clock::duration> no_eviction_until_{Clock::duration::min()};  // the same

  std::mutex mutex_;
  Lru<std::string, std::shared_ptr<CachedObject>, StringHash> open_objects_;  // guarded by mutex_
};

// Keeps the room of unpublished blocks reserved until it is destroyed. Not thread-safe; cache and
// object must outlive it.
class DiskCache::Filling {
 public:
  // Throws Error if the disk is full.
  Filling(DiskCache& cache, CachedObject& object, std::uint64_t first, std::uint64_t size);
  ~Filling();
  Filling(const Filling&) = delete;
  Filling& operator=(const Filling&) = delete;

  // `offset`, in bytes from the first block's beginning, is where the last piece ended, or 0 to
  // begin again. What cannot be written is not published.
  void write(std::uint64_t offset, BytesView bytes) noexcept;
  // Makes the blocks of the first `size` bytes present, which have all been written; a last block
  // that is not full ends there. False if writing failed. Blocks that were present already stay.
  bool publish(std::uint64_t size);

 private:
  friend class DiskCache;
  void write_out(BytesView bytes) noexcept;

  DiskCache& cache_;
  std::optional<CachedObject::Filling> filling_;
  const std::uint64_t first_;
  std::uint64_t room_;  // reserved, bytes on the disk
  // Pieces are gathered into blocks: the kernel keeps together what is written at once, and small
  // pieces cost more to write and to read.
  Bytes gathered_;                 // less than a block
  std::uint64_t gathered_at_ = 0;  // where they go, as an offset
  bool failed_ = false;
};

}  // namespace grid::cache
