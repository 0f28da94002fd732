#include "store/frame_cache.h"

namespace grid::store {

void FrameCache::forget(const PackId& pack, std::uint32_t offset) {
  std::lock_guard lock(mutex_);
  frames_.remove(Key{pack, offset});
}

std::shared_ptr<const Bytes> FrameCache::get(const PackId& pack, std::uint32_t offset,
                                             const std::function<Bytes()>& load) {
  const Key key{pack, offset};
  std::promise<Frame> promise;
  {
    std::unique_lock lock(mutex_);
    if (const Frame* frame = frames_.find(key)) return *frame;
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
    frames_.add(key, frame, frame->size());
    coming_.erase(key);
    promise.set_value(frame);
    return frame;
  } catch (...) {  // passed on to all who wait
    std::lock_guard lock(mutex_);
    coming_.erase(key);
    promise.set_exception(std::current_exception());
    throw;
  }
}

}  // namespace grid::store
