#include "service/pace.h"

#include <algorithm>

namespace grid::service {

namespace {

constexpr double file_weight = 16 << 10;              // bytes: opening a file costs about as much
constexpr double speed_window = 3, work_window = 12;  // seconds
constexpr double promise_age_min = 2;                 // seconds
constexpr double promise_fraction_min = 0.01;

double work(std::uint64_t files, std::uint64_t bytes) {
  return static_cast<double>(bytes) + static_cast<double>(files) * file_weight;
}

}  // namespace

double fraction_done(const ProgressState& state) {
  double total = work(state.files_total, state.bytes_total);
  return total <= 0 ? 0 : std::clamp(work(state.files_done, state.bytes_done) / total, 0.0, 1.0);
}

// Per second, since the latest look that is at least `window` old, or else the first.
double PaceMeter::rate(const Look& now, double window, double Look::*of) const {
  auto young = std::find_if(looks_.begin(), looks_.end(),
                            [&](const Look& look) { return look.time > now.time - window; });
  const Look& then = young == looks_.begin() ? *young : *std::prev(young);
  return now.time > then.time ? (now.*of - then.*of) / (now.time - then.time) : 0;
}

Pace PaceMeter::look(std::chrono::duration<double> elapsed, const ProgressState& state) {
  std::uint64_t unread = state.savings ? state.savings->unread : 0;
  Look now{
      .time = elapsed.count(),
      .work = work(state.files_done, state.bytes_done),
      .bytes_read = static_cast<double>(state.bytes_done - std::min(unread, state.bytes_done))};
  Pace pace{.bytes_per_second = std::max(0.0, rate(now, speed_window, &Look::bytes_read)),
            .elapsed = elapsed};
  double work_per_second = rate(now, work_window, &Look::work);
  if (state.total_known && now.time >= promise_age_min && work_per_second > 0 &&
      fraction_done(state) > promise_fraction_min)
    pace.seconds_left =
        std::max(0.0, work(state.files_total, state.bytes_total) - now.work) / work_per_second;
  looks_.push_back(now);
  while (looks_.size() > 2 && looks_[1].time <= now.time - work_window) looks_.pop_front();
  return pace;
}

}  // namespace grid::service
