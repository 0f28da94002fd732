#include "service/upload_leases.h"

#include <vector>

#include "base/user.h"
#include "store/lease_keeper.h"

namespace grid::service {

UploadLeases::Held::Held(std::shared_ptr<backend::Backend> to, const std::string& holder)
    : origin(std::move(to)), lease(*origin, holder), beaten(std::chrono::steady_clock::now()) {}

UploadLeases::~UploadLeases() {
  for (const auto& [upload, held] : held_) held->lease.abandon(false);
}

std::shared_ptr<UploadLeases::Held> UploadLeases::of(const dataset::OpenStore& store,
                                                     const std::string& upload) {
  std::shared_ptr<Held> held;
  {
    std::lock_guard lock(mutex_);
    if (const auto found = held_.find(upload); found != held_.end()) held = found->second;
  }
  if (held != nullptr) {
    const std::unique_lock lock(held->mutex, std::try_to_lock);
    if (!lock.owns_lock()) return held;  // a commit is under way, and beats itself
    const auto now = std::chrono::steady_clock::now();
    if (now - held->beaten < store::lease_patience / 4) return held;
    try {
      held->lease.beat();
      held->beaten = now;
      return held;
    } catch (const store::LeaseClosed&) {
    }
  }
  forget_idle();
  auto made =
      std::make_shared<Held>(store.origin, fmt::format("upload {} to {}", upload, user_at_host()));
  std::lock_guard lock(mutex_);
  std::shared_ptr<Held>& place = held_[upload];
  if (place != nullptr && place != held) {  // another request was faster
    made->lease.end();
    return place;
  }
  place = std::move(made);
  return place;
}

void UploadLeases::forget_idle() {
  std::vector<std::shared_ptr<Held>> idle;
  {
    std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    std::erase_if(held_, [&](const auto& entry) {
      const std::unique_lock used(entry.second->mutex, std::try_to_lock);
      if (!used.owns_lock() || now - entry.second->beaten < idle_max_) return false;
      idle.push_back(entry.second);
      return true;
    });
  }
  for (const std::shared_ptr<Held>& held : idle) {
    std::lock_guard lock(held->mutex);
    held->lease.abandon(false);
  }
}

std::size_t UploadLeases::count() const {
  std::lock_guard lock(mutex_);
  return held_.size();
}

void UploadLeases::drop(const std::string& upload, bool nothing_is_kept) {
  std::shared_ptr<Held> held;
  {
    std::lock_guard lock(mutex_);
    const auto found = held_.find(upload);
    if (found == held_.end()) return;
    held = std::move(found->second);
    held_.erase(found);
  }
  std::lock_guard lock(held->mutex);
  held->lease.abandon(nothing_is_kept);
}

}  // namespace grid::service
