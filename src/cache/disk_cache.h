// Copies of remote objects on the node's own disk, within a limit: shared by all versions, mounts,
// processes and restarts. Knows nothing of who fetches what, or of what the bytes mean.
//
// Below its folder: `usage`, and the copies as STORE/KEY. Whatever of it is removed while nobody
// uses it is only fetched again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

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
  // or it could not be written.
  bool put(CachedObject& object, std::uint64_t block, BytesView bytes);
  // Takes a block out, which is not remembered. False if it was not there.
  bool drop(CachedObject& object, std::uint64_t block);
  // The same because its bytes are wrong.
  bool drop_damaged(CachedObject& object, std::uint64_t block);

  // For a file of the caller's below the folder: counts its bytes, after making room for them.
  // False if there is no room, whatever leaves.
  bool reserve(std::uint64_t size);

  void note_hit(std::uint64_t size) { usage_->note_hit(size); }
  void note_missed(std::uint64_t size) { usage_->note_missed(size); }

  const std::filesystem::path& folder() const { return folder_; }
  std::uint64_t size_max() const;
  // Evicts what is over it.
  void set_size_max(std::uint64_t size_max);
  Statistics statistics() const;  // size_max: the limit that holds
  std::vector<CachedStore> stores() const;

  // Takes everything out, also from under those who use it: they fetch again. Returns the bytes.
  std::uint64_t clear();

 private:
  void make_room(std::uint64_t size_wanted);
  void apply_verdicts(std::uint64_t size_to_free);
  void reclaim(CachedObject& object);
  void visit(const std::function<void(const std::filesystem::path&)>& visitor) const;
  std::uint32_t oldest_ghost() const;

  const std::filesystem::path folder_;
  const std::uint64_t size_max_default_;
  std::unique_ptr<Usage> usage_;

  using Order = std::list<std::pair<std::string, std::shared_ptr<CachedObject>>>;
  std::mutex mutex_;
  Order order_;                                                   // guarded by mutex_
  std::unordered_map<std::string_view, Order::iterator> by_key_;  // guarded by mutex_
};

}  // namespace grid::cache
