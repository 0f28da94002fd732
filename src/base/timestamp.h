// Times as nanoseconds since 1970-01-01 UTC in 64 bits, the one form in which grid keeps them.
//
// They reach from 1677-09-21 to 2262-04-11. A time before or after that becomes the first or the
// last of them.
#pragma once

#include <chrono>
#include <cstdint>
#include <ctime>
#include <limits>

namespace grid {

constexpr std::int64_t first_timestamp = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t last_timestamp = std::numeric_limits<std::int64_t>::max();

// Whether a time outside of the range may have become this one.
constexpr bool is_limit_of_timestamps(std::int64_t ns) {
  return ns == first_timestamp || ns == last_timestamp;
}

// `nanoseconds`, which may be negative, are added to the seconds.
std::int64_t timestamp_of(std::int64_t seconds, std::int64_t nanoseconds = 0);
inline std::int64_t timestamp_of(const timespec& time) {
  return timestamp_of(time.tv_sec, time.tv_nsec);
}

// With 0 <= tv_nsec < 1'000'000'000, also before 1970.
timespec timespec_of(std::int64_t ns);

// The standard library's clock has the same range.
std::chrono::system_clock::time_point time_point_of(std::int64_t ns);
std::int64_t timestamp_of(std::chrono::system_clock::time_point time);

}  // namespace grid
