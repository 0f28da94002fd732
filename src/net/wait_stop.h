// Ends all waits for servers: a program that is told to end does not wait any longer.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace grid::net {

// Shared by clients. Thread-safe.
class WaitStop {
 public:
  // From now on requests fail as if cut, within a second, and are not tried again.
  void stop() noexcept {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    wake_.notify_all();
  }
  bool stopped() const {
    std::lock_guard lock(mutex_);
    return stopped_;
  }
  // False, at once, if stop() was called.
  bool wait_for(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return !wake_.wait_for(lock, time, [&] { return stopped_; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stopped_ = false;  // guarded by mutex_
};

}  // namespace grid::net
