#include "base/timestamp.h"

namespace grid {

static constexpr std::int64_t second = 1'000'000'000;  // in nanoseconds

std::int64_t timestamp_of(std::int64_t seconds, std::int64_t nanoseconds) {
  std::int64_t ns = 0;
  // The product may lie beyond the range although the sum does not.
  if (seconds < 0 && nanoseconds > 0) {
    seconds += nanoseconds / second + 1;
    nanoseconds = nanoseconds % second - second;
  }
  if (__builtin_mul_overflow(seconds, second, &ns) || __builtin_add_overflow(ns, nanoseconds, &ns))
    return seconds < 0 ? first_timestamp : last_timestamp;
  return ns;
}

timespec timespec_of(std::int64_t ns) {
  timespec time{.tv_sec = ns / second, .tv_nsec = ns % second};
  if (time.tv_nsec < 0) {
    --time.tv_sec;
    time.tv_nsec += second;
  }
  return time;
}

std::chrono::system_clock::time_point time_point_of(std::int64_t ns) {
  static_assert(std::chrono::system_clock::duration(1) == std::chrono::nanoseconds(1));
  return std::chrono::system_clock::time_point(std::chrono::nanoseconds(ns));
}

std::int64_t timestamp_of(std::chrono::system_clock::time_point time) {
  return std::chrono::nanoseconds(time.time_since_epoch()).count();
}

}  // namespace grid
