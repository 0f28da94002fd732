#include "net/wait_watch.h"

#include <algorithm>

namespace grid::net {

using std::chrono::milliseconds;

WaitWatch::Request::Request(WaitWatch* watch, std::string doing)
    : watch_(watch), wait_{.doing = std::move(doing)} {
  if (watch_ == nullptr) return;
  std::lock_guard lock(watch_->mutex_);
  at_ = watch_->requests_.insert(watch_->requests_.end(), this);
}

WaitWatch::Request::~Request() {
  if (watch_ == nullptr) return;
  std::lock_guard lock(watch_->mutex_);
  watch_->requests_.erase(at_);
  if (watch_->requests_.empty()) watch_->told_after_ = milliseconds(0);
}

void WaitWatch::Request::failed(std::string trouble) {
  if (watch_ == nullptr) return;
  std::lock_guard lock(watch_->mutex_);
  wait_.trouble = std::move(trouble);
  ++wait_.tries;
}

void WaitWatch::Request::goes_on(std::string so_far) {
  if (watch_ == nullptr) return;
  std::lock_guard lock(watch_->mutex_);
  wait_.so_far = std::move(so_far);
}

void WaitWatch::note_bytes(std::size_t size, Clock::time_point now) {
  static constexpr std::size_t progress = 1024;
  std::lock_guard lock(mutex_);
  moved_ += size;
  if (moved_ < progress) return;
  moved_ = 0;
  last_progress_ = now;
}

void WaitWatch::look(Clock::time_point now) {
  Wait oldest;
  {
    std::lock_guard lock(mutex_);
    const milliseconds due = told_after_.count() == 0 ? patience_ : 4 * told_after_;
    for (const Request* request : requests_) {
      const Clock::time_point since = request->wait_.tries > 0 || !request->wait_.so_far.empty()
                                          ? request->begun_
                                          : std::max(request->begun_, last_progress_);
      const auto waited = std::chrono::duration_cast<milliseconds>(now - since);
      if (waited < due || waited <= oldest.waited) continue;
      oldest = request->wait_;
      oldest.waited = waited;
    }
    if (oldest.doing.empty()) return;
    told_after_ = oldest.waited;
  }
  tell_(oldest);
}

}  // namespace grid::net
