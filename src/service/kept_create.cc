#include "service/kept_create.h"

#include <chrono>

#include "base/start_thread.h"

namespace grid::service {

static constexpr auto update_interval = std::chrono::seconds(1);

KeptCreate::KeptCreate(const std::filesystem::path& create_folder, create::CreateRecord record,
                       std::function<create::CreateCounts()> counts)
    : counts_(std::move(counts)) {
  try {
    live_.emplace(create_folder, std::move(record));
  } catch (const Error& error) {  // the create itself does not need it
    problem_ = error.what();
  } catch (const std::filesystem::filesystem_error& error) {
    problem_ = error.what();
  }
  if (live_) watch_ = start_thread([this] { watch(); });
}

KeptCreate::~KeptCreate() { end_watch(); }

void KeptCreate::watch() {
  std::unique_lock lock(mutex_);
  while (!ending_.wait_for(lock, update_interval, [this] { return ended_; })) {
    lock.unlock();
    live_->update(counts_());
    lock.lock();
  }
}

void KeptCreate::end_watch() {
  if (!watch_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    ended_ = true;
  }
  ending_.notify_all();
  watch_.join();
  live_->update(counts_());
}

}  // namespace grid::service
