// Shows that a writer lives while it works for hours.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "store/lease.h"

namespace grid::store {

// How long a lease may stand still before a collector closes it, unless it is told otherwise.
inline constexpr std::chrono::minutes lease_patience{60};

// Beats in a thread until it is stopped; nothing else may use the lease meanwhile. A beat that does
// not arrive is no failure: the next one may, and the writer learns when it publishes if its lease
// was closed. Where no thread can be started, nobody beats.
class LeaseKeeper {
 public:
  explicit LeaseKeeper(Lease& lease, std::chrono::milliseconds interval = lease_patience / 4);
  ~LeaseKeeper() { stop(); }
  LeaseKeeper(const LeaseKeeper&) = delete;
  LeaseKeeper& operator=(const LeaseKeeper&) = delete;

  void stop() noexcept;

 private:
  void run();

  Lease& lease_;
  const std::chrono::milliseconds interval_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool is_stopped_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace grid::store
