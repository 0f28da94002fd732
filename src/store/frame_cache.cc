#include "store/frame_cache.h"

namespace grid::store {

FrameCache::Frame FrameCache::find(const Key& key) {
  auto at = by_key_.find(key);
  if (at == by_key_.end()) return nullptr;
  order_.splice(order_.begin(), order_, at->second);
  return at->second->second;
}

void FrameCache::add(const Key& key, const Frame& frame) {
  order_.emplace_front(key, frame);
  by_key_.emplace(key, order_.begin());
  size_ += frame->size();
  while (size_ > size_max_ && order_.size() > 1) {
    size_ -= order_.back().second->size();
    by_key_.erase(order_.back().first);
    order_.pop_back();
  }
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
  const Key key{pack, offset};
  std::promise<Frame> promise;
  {
    std::unique_lock lock(mutex_);
    if (Frame frame = find(key)) return frame;
    if (auto at = coming_.find(key); at != coming_.end()) {
      const std::shared_future<Frame> coming = at->second;
      lock.unlock();
      return coming.get();
    }
    coming_.emplace(key, promise.get_future().share());
  }
  try {
    auto frame = std::make_shared<const Bytes>(load());
    std::lock_guard lock(mutex_);
    add(key, frame);
    coming_.erase(key);
    promise.set_value(frame);
    return frame;
  } catch (...) {  // passed on to all
    std::lock_guard lock(mutex_);
    coming_.erase(key);
    promise.set_exception(std::current_exception());
    throw;
  }
}

}  // namespace grid::store
