// A remote backend with the node's cache in front of it.
//
// Packs are cached in parts, whole blocks at a time: bytes that were not requested yet come along.
// Small objects that say what there is (the store's marker, version records) are kept whole.
// Objects never change, so what is kept is never requested again. What can change, listings and
// absent objects, is requested each time; the last answer is used only while the remote store
// cannot be reached, so that a version that is completely in the cache still attaches.
//
// What is kept whole is understood first, by a function of the caller's; store::ChunkStore checks
// every chunk and calls drop_copy() for a wrong one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "backend/backend.h"
#include "cache/block_fetcher.h"
#include "cache/disk_cache.h"
#include "cache/kept_answers.h"

namespace grid::cache {

enum class Caching { parts, whole, none };

struct CachingOptions {
  std::string store_key;  // names the store among all that the node has copies of
  // What to do with the object at a key, or with the listing of a prefix (where parts means none).
  std::function<Caching(std::string_view key)> caching_of;
  // What is kept whole, and how offline reading is said.
  KeptAnswersOptions answers{};
  CacheCostCounters* costs = nullptr;  // outlives the backend; null disables counting
  // See BlockFetcher::Options.
  unsigned fetches_max = blocks_ahead::in_flight;
  bool follows_readers = true;
};

// Thread-safe. Each block is fetched once, however many threads and processes want it at the same
// time.
class CachingBackend : public backend::Backend, private backend::Carrier {
 public:
  CachingBackend(std::shared_ptr<backend::Backend> remote, std::shared_ptr<DiskCache> cache,
                 CachingOptions options);
  ~CachingBackend() override;

  bool create(std::string_view key, BytesView data) override;
  std::optional<Bytes> find(std::string_view key) const override;
  std::optional<std::size_t> find_part(std::string_view key, std::uint64_t offset,
                                       MutableBytesView out) const override;
  std::vector<backend::ObjectEntry> list(std::string_view prefix) const override;
  std::vector<backend::ObjectEntry> list_below(std::string_view prefix) const override;
  std::vector<std::string> list_names(std::string_view prefix) const override;
  bool remove(std::string_view key) override;
  bool remote() const override { return remote_->remote(); }
  void prove_creates() override { remote_->prove_creates(); }
  std::string name() const override { return remote_->name(); }
  std::string location() const override { return remote_->location(); }
  const backend::Carrier& carrier() const override { return *this; }

 private:
  class PartlyCopied;

  // Fetches what is missing of that part of a pack; returns when it is present.
  void expect_reads(std::string_view key, std::uint64_t offset, std::uint64_t size) const override;
  // Half the limit: what is read ahead must not push out what was read ahead before it.
  std::uint64_t read_ahead_max() const override;
  bool is_in_memory(std::string_view, std::uint64_t, std::uint64_t) const override { return false; }
  std::optional<std::uint64_t> copy_part(std::string_view key, std::uint64_t offset,
                                         std::uint64_t size, const TakePiece& take) const override;
  bool drop_copy(std::string_view key, std::uint64_t offset, std::uint64_t size) const override;
  // Without the cache: its caller has kept an answer itself.
  std::shared_ptr<backend::Backend> hasty() const override { return remote_->carrier().hasty(); }

  std::shared_ptr<CachedObject> object_of(std::string_view key) const;
  void keep_small(std::string_view key, BytesView data) const;

  const std::shared_ptr<backend::Backend> remote_;
  const std::shared_ptr<DiskCache> cache_;
  const CachingOptions options_;
  const std::unique_ptr<KeptAnswers> answers_;
  mutable BlockFetcher fetcher_;  // last: its threads use the rest
};

}  // namespace grid::cache
