#include "store/frame_cache.h"

namespace grid::store {

std::shared_ptr<const Bytes> FrameCache::find(const Key& key) {
  std::lock_guard lock(mutex_);
  auto at = by_key_.find(key);
  if (at == by_key_.end()) return nullptr;
  order_.splice(order_.begin(), order_, at->second);
  return at->second->second;
}

void FrameCache::forget(const PackId& pack, std::uint32_t offset) {
  std::lock_guard lock(mutex_);
  auto at = by_key_.find({pack, offset});
  if (at == by_key_.end()) return;
  size_ -= at->second->second->size();
  order_.erase(at->second);
  by_key_.erase(at);
}

std::shared_ptr<const Bytes> FrameCache::get(const PackId& pack, std::uint32_t offset,
                                             const std::function<Bytes()>& load) {
  Key key{pack, offset};
  if (std::shared_ptr<const Bytes> frame = find(key)) return frame;
  auto frame = std::make_shared<const Bytes>(load());
  std::lock_guard lock(mutex_);
  if (by_key_.contains(key)) return frame;  // another thread was faster
  order_.emplace_front(key, frame);
  by_key_.emplace(key, order_.begin());
  size_ += frame->size();
  while (size_ > size_max_ && order_.size() > 1) {
    size_ -= order_.back().second->size();
    by_key_.erase(order_.back().first);
    order_.pop_back();
  }
  return frame;
}

}  // namespace grid::store
