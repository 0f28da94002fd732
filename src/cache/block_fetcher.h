// Reads remote objects through their copies, and fetches what is missing.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/read_ahead.h"
#include "base/thread_pool.h"
#include "cache/cache_costs.h"
#include "cache/copied_object.h"
#include "cache/disk_cache.h"

namespace grid::cache {

// Thread-safe. Each block is fetched once, however many threads and processes want it at the same
// time.
class BlockFetcher {
 public:
  using Object = std::shared_ptr<CopiedObject>;

  struct Options {
    CacheCostCounters* costs = nullptr;  // outlives the fetcher; null disables counting
    // Requests in flight ahead of readers; each takes up to 4 MiB of memory if it cannot go
    // straight to the disk.
    unsigned fetches_max = blocks_ahead::in_flight;
    // Reads ahead of sequential readers. Off where the caller does so itself: it knows better what
    // will be read.
    bool follows_readers = true;
  };
  BlockFetcher(std::shared_ptr<DiskCache> cache, Options options);
  ~BlockFetcher();

  // Like backend::Backend::find_part(). `out` is not empty and ends before the object's
  // block_end_max().
  std::optional<std::size_t> read_through_copy(const Object& wanted, std::uint64_t offset,
                                               MutableBytesView out);
  // Fetches what is missing of a part of an object, with few requests, one after the other; returns
  // when it is present.
  void fetch(const Object& wanted, std::uint64_t offset, std::uint64_t size);

 private:
  class Buffers;
  struct Fetch;   // blocks being fetched
  struct Stream;  // a sequential reader of an object

  using FetchKey = std::pair<std::string, std::uint64_t>;  // name, block

  std::shared_ptr<Fetch> join_or_begin(const Object& wanted, std::uint64_t block,
                                       std::uint64_t block_end, bool& ours);
  void run(Fetch& fetch, const Object& wanted, bool awaited);
  bool fetch_into_copy(Fetch& fetch, const Object& wanted);
  void fetch_into_memory(Fetch& fetch, const Object& wanted);
  std::uint64_t read_ahead(const Object& wanted, std::uint64_t offset, std::uint64_t end);
  bool prefetch(const Object& wanted, std::uint64_t first, std::uint64_t end);

  const std::shared_ptr<DiskCache> cache_;
  const Options options_;
  const std::shared_ptr<Buffers> buffers_;

  std::mutex mutex_;
  std::map<FetchKey, std::shared_ptr<Fetch>> fetches_;  // guarded by mutex_; by block
  std::map<std::string, Stream, std::less<>> streams_;  // guarded by mutex_; by name
  ThreadPool pool_;                                     // last: its tasks use the rest
};

}  // namespace grid::cache
