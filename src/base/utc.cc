#include "base/utc.h"

#include <algorithm>
#include <ctime>

#include "base/timestamp.h"

namespace grid {

using std::chrono::system_clock;

std::string format_utc(system_clock::time_point time, const char* format) {
  // to_time_t() would round times before 1970 up.
  const std::time_t seconds = timespec_of(timestamp_of(time)).tv_sec;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, format, &parts)};
}

std::string format_rfc3339(system_clock::time_point time) {
  return format_utc(time, "%Y-%m-%dT%H:%M:%SZ");
}

std::optional<system_clock::time_point> parse_rfc3339(std::string_view text) {
  std::tm date{};
  const std::string copy(text);
  const char* end = ::strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%S", &date);
  if (end == nullptr) return std::nullopt;
  std::int64_t fraction_ns = 0;
  std::string_view rest(end);
  if (rest.starts_with('.')) {
    const std::size_t digits = std::min(rest.find_first_not_of("0123456789", 1), rest.size()) - 1;
    std::string nanoseconds(rest.substr(1, std::min<std::size_t>(digits, 9)));
    nanoseconds.resize(9, '0');
    fraction_ns = std::stol(nanoseconds);
    rest.remove_prefix(digits + 1);
  }
  if (rest != "Z" && rest != "+00:00") return std::nullopt;
  return time_point_of(timestamp_of(::timegm(&date), fraction_ns));
}

}  // namespace grid
