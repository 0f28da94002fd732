// Decompressed frames near the reader, so that neighbouring chunks unpack their frame once.
#pragma once

#include <cstdint>
#include <functional>
#include <future>
#include <list>
#include <map>
#include <memory>
#include <mutex>

#include "base/bytes.h"
#include "store/layout.h"

namespace grid::store {

// Least recently used out first, within a budget of bytes. Thread-safe.
class FrameCache {
 public:
  explicit FrameCache(std::size_t size_max) : size_max_(size_max) {}

  // The frame at `offset` of a pack, made by `load` if it is not here. Of several threads that want
  // it at once, one loads it and the others wait; what it throws they all throw.
  std::shared_ptr<const Bytes> get(const PackId& pack, std::uint32_t offset,
                                   const std::function<Bytes()>& load);

  // The frame was not what it should be.
  void forget(const PackId& pack, std::uint32_t offset);

 private:
  using Key = std::pair<PackId, std::uint32_t>;
  using Frame = std::shared_ptr<const Bytes>;
  using Order = std::list<std::pair<Key, Frame>>;

  // The rest with mutex_ held.
  Frame find(const Key& key);
  void add(const Key& key, const Frame& frame);

  const std::size_t size_max_;  // bytes
  std::mutex mutex_;
  std::size_t size_ = 0;                             // guarded by mutex_
  Order order_;                                      // guarded by mutex_
  std::map<Key, Order::iterator> by_key_;            // guarded by mutex_
  std::map<Key, std::shared_future<Frame>> coming_;  // guarded by mutex_
};

}  // namespace grid::store
