#include "store/lease_keeper.h"

#include "base/start_thread.h"

namespace grid::store {

LeaseKeeper::LeaseKeeper(Lease& lease, std::chrono::milliseconds interval)
    : lease_(lease), interval_(interval) {
  try {
    thread_ = start_thread([this] { run(); });
  } catch (const Error&) {
  }
}

void LeaseKeeper::stop() noexcept {
  if (!thread_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    is_stopped_ = true;
  }
  stopped_.notify_all();
  thread_.join();
}

void LeaseKeeper::run() {
  std::unique_lock lock(mutex_);
  while (!stopped_.wait_for(lock, interval_, [this] { return is_stopped_; })) {
    lock.unlock();
    try {
      lease_.beat();
    } catch (const LeaseClosed&) {
      return;
    } catch (const Error&) {
    }
    lock.lock();
  }
}

}  // namespace grid::store
