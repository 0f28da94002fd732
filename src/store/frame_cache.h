// Decompressed frames, kept so that reading neighbouring chunks unpacks their frame once.
#pragma once

#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>

#include "base/bytes.h"
#include "base/lru.h"
#include "store/layout.h"

namespace grid::store {

// Evicts the least recently used frames to stay within a budget of bytes. Thread-safe.
class FrameCache {
 public:
  explicit FrameCache(std::size_t size_max) : frames_(size_max) {}

  // The frame at `offset` of a pack, made by `load` if it is not kept. Of several threads that want
  // it at once, one loads it and the others wait; if `load` throws, all of them throw.
  std::shared_ptr<const Bytes> get(const PackId& pack, std::uint32_t offset,
                                   const std::function<Bytes()>& load);

  // Drops a frame whose bytes turned out to be wrong.
  void forget(const PackId& pack, std::uint32_t offset);

 private:
  using Key = std::pair<PackId, std::uint32_t>;
  using Frame = std::shared_ptr<const Bytes>;
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept {
      return load<std::size_t>(key.first.bytes.data()) + key.second;
    }
  };

  std::mutex mutex_;
  Lru<Key, Frame, KeyHash> frames_;                  // guarded by mutex_
  std::map<Key, std::shared_future<Frame>> coming_;  // guarded by mutex_
};

}  // namespace grid::store
