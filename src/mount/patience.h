// Retries while a store is unavailable: a program that reads a mount should survive a minute
// without network.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>

#include "base/error.h"

namespace grid::mount {

// Thread-safe.
class Patience {
 public:
  explicit Patience(std::chrono::milliseconds deadline) : deadline_(deadline) {}

  // Returns what `ask` returns. While `ask` throws `unavailable`, calls it again, after waits that
  // grow to a second, until the deadline after the first failure passes or stop() is called.
  template <class Ask>
  auto retry(const Ask& ask) {
    std::optional<Clock::time_point> give_up;
    std::chrono::milliseconds wait{10};
    for (;;) {
      try {
        return ask();
      } catch (const Error& error) {
        // This is the retry loop; every other kind of error is permanent.
        if (error.kind() != ErrorKind::unavailable) throw;
        if (!give_up) give_up = Clock::now() + deadline_;
        if (Clock::now() + wait > *give_up || !wait_for(wait)) throw;
      }
      wait = std::min(wait * 2, std::chrono::milliseconds{1000});
    }
  }

  void stop() noexcept {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    wake_.notify_all();
  }

 private:
  using Clock = std::chrono::steady_clock;

  // False if stop() was called.
  bool wait_for(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return !wake_.wait_for(lock, time, [&] { return stopped_; });
  }

  const std::chrono::milliseconds deadline_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopped_ = false;  // guarded by mutex_
};

}  // namespace grid::mount
