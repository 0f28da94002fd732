// Copies of remote objects on the node's own disk, within a limit: shared by all versions, mounts,
// processes and restarts. Knows nothing of who fetches what, or of what the bytes mean.
//
// Below its folder: `usage`, and the copies as STORE/KEY. Whatever of it is removed while nobody
// uses it is only fetched again.
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
  std::string store_id;
  std::uint64_t objects = 0;  // count
  std::uint64_t size = 0;     // bytes on the disk
};

// Thread-safe, and safe among processes.
class DiskCache {
 public:
  // Makes the folder if need be. Throws Error if it cannot be used. `size_max_default` is the
  // limit in bytes until one is set; 0: a fifth of the disk.
  explicit DiskCache(std::filesystem::path folder, std::uint64_t size_max_default = 0);
  ~DiskCache();

  // The copy of an object; made, empty, if there is none. Throws Error if that fails.
  std::shared_ptr<CachedObject> open(std::string_view store_id, std::string_view key);

  // Puts a block in, after making room for it. False if there is no room for it, whatever leaves,
  // or it could not be written. Does not throw Error.
  bool put(CachedObject& object, std::uint64_t block, BytesView bytes);
  // The same for neighbouring blocks, `size` bytes in all, that come in pieces. nullptr if there is
  // no room for them.
  class Filling;
  std::unique_ptr<Filling> begin_filling(CachedObject& object, std::uint64_t first,
                                         std::uint64_t size);
  // Something could not be written in the last few seconds: the disk is full of other things, or
  // broken.
  bool writing_fails() const;
  // Takes a block out, which is not remembered. False if it was not there.
  bool drop(CachedObject& object, std::uint64_t block);
  // The same because its bytes are wrong.
  bool drop_damaged(CachedObject& object, std::uint64_t block);

  // For a file of the caller's below the folder: counts its bytes, after making room for them.
  // False if there is no room, whatever leaves.
  bool reserve(std::uint64_t size);

  void note_hit(std::uint64_t size) { usage_->note_hit(size); }
  void note_missed(std::uint64_t size) { usage_->note_missed(size); }
  // Put does so itself.
  void note_fetched(std::uint64_t size) { usage_->note_fetched(size); }

  const std::filesystem::path& folder() const { return folder_; }
  std::uint64_t size_max() const;
  // Evicts what is over it.
  void set_size_max(std::uint64_t size_max);
  Statistics statistics() const;  // size_max: the limit that holds
  std::vector<CachedStore> stores() const;

  // Takes everything out, also from under those who use it: they fetch again. Returns the bytes.
  std::uint64_t clear();

 private:
  using Clock = std::chrono::steady_clock;

  void note_write_failed();
  void make_room(std::uint64_t size_wanted);
  void apply_verdicts(std::uint64_t size_to_free);
  void reclaim(CachedObject& object);
  void visit(const std::function<void(const std::filesystem::path&)>& visitor) const;
  std::uint32_t oldest_ghost() const;

  const std::filesystem::path folder_;
  const std::uint64_t size_max_default_;
  std::unique_ptr<Usage> usage_;
  std::atomic<Clock::duration> write_failed_at_{Clock::duration::min()};  // since Clock's epoch

  std::mutex mutex_;
  Lru<std::string, std::shared_ptr<CachedObject>, StringHash> open_objects_;  // guarded by mutex_
};

// Holds the room of what is not published until it is destroyed. Not thread-safe; cache and object
// outlive it.
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
  // The first `size` bytes have been written, of the last block perhaps a part: that is then all of
  // it. False if they could not be. What was here already stays.
  bool publish(std::uint64_t size);

 private:
  friend class DiskCache;
  void write_out(BytesView bytes) noexcept;

  DiskCache& cache_;
  std::optional<CachedObject::Filling> filling_;
  const std::uint64_t first_;
  std::uint64_t room_;  // reserved, bytes on the disk
  // Pieces are gathered: the kernel keeps in one piece what is written at once, and small pieces
  // cost more, then and when they are read.
  Bytes gathered_;                 // less than a block
  std::uint64_t gathered_at_ = 0;  // where they go, as an offset
  bool failed_ = false;
};

}  // namespace grid::cache
