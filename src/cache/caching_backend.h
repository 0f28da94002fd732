// A remote backend with the node's cache in front of it.
//
// Packs are cached in parts, whole blocks at a time: what was not wanted yet comes along. Small
// objects that say what there is (the store's marker, version records) are kept whole. Objects
// never change, so neither is ever asked for again. What can change, listings and what is absent,
// is asked each time; only while the remote store cannot be reached does the last answer stand, so
// that a version that is wholly here still attaches.
//
// Nothing is checked here but the kept records; store::ChunkStore checks every chunk, and
// drop_copy() is how it says that one was wrong.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "backend/backend.h"
#include "base/read_costs.h"
#include "base/thread_pool.h"
#include "cache/disk_cache.h"
#include "cache/kept_answers.h"

namespace grid::cache {

enum class Caching { parts, whole, none };

struct CachingOptions {
  std::string store_id;
  // What to do with the object at a key, or with the listing of a prefix (parts means none there).
  std::function<Caching(std::string_view key)> caching_of;
  ReadCostCounters* costs = nullptr;  // outlives the backend; null: nobody counts
  unsigned fetches_max = 16;  // in flight ahead of readers; each takes up to 2 MiB of memory
};

// Thread-safe. Each block is fetched once, however many threads and processes want it at a time.
class CachingBackend : public backend::Backend {
 public:
  CachingBackend(std::shared_ptr<backend::Backend> remote, std::shared_ptr<DiskCache> cache,
                 CachingOptions options);
  ~CachingBackend() override;

  bool create(std::string_view key, BytesView data) override;
  std::optional<Bytes> find(std::string_view key) const override;
  std::optional<std::size_t> find_part(std::string_view key, std::uint64_t offset,
                                       MutableBytesView out) const override;
  // Fetches what is missing of a pack; returns when it is here.
  void expect_reads(std::string_view key) const override;
  bool drop_copy(std::string_view key, std::uint64_t offset, std::uint64_t size) const override;
  std::vector<backend::ObjectEntry> list(std::string_view prefix) const override;
  std::vector<std::string> list_names(std::string_view prefix) const override;
  bool remove(std::string_view key) override;
  bool remote() const override { return remote_->remote(); }
  void prove_creates() override { remote_->prove_creates(); }
  std::string name() const override { return remote_->name(); }

 private:
  struct Fetch;   // blocks on their way
  struct Stream;  // somebody who reads an object from front to back
  struct Wanted;  // an object and what is known of it

  using FetchKey = std::pair<const CachedObject*, std::uint64_t>;

  std::shared_ptr<CachedObject> object_of(std::string_view key) const;
  std::shared_ptr<Fetch> join_or_begin(const Wanted& wanted, std::uint64_t block,
                                       std::uint64_t block_end, bool& ours) const;
  void run(Fetch& fetch, const Wanted& wanted) const;
  void fetch_blocks(Fetch& fetch, const Wanted& wanted) const;
  std::uint64_t read_ahead(const Wanted& wanted, std::uint64_t offset, std::uint64_t end) const;
  bool prefetch(const Wanted& wanted, std::uint64_t first, std::uint64_t end) const;

  const std::shared_ptr<backend::Backend> remote_;
  const std::shared_ptr<DiskCache> cache_;
  const CachingOptions options_;
  const std::unique_ptr<KeptAnswers> answers_;

  mutable std::mutex mutex_;
  mutable std::map<FetchKey, std::shared_ptr<Fetch>> fetches_;  // guarded by mutex_; each block
  mutable std::map<std::string, Stream, std::less<>> streams_;  // guarded by mutex_; by key
  mutable ThreadPool pool_;                                     // last: its tasks use the rest
};

}  // namespace grid::cache
