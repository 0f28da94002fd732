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

bool is_rfc3339_utc(std::string_view text) {
  static constexpr std::string_view form = "dddd-dd-ddTdd:dd:dd";
  static constexpr int days_of_month[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.size() <= form.size() || text.back() != 'Z') return false;
  for (std::size_t i = 0; i < form.size(); ++i)
    if (form[i] == 'd' ? !is_digit(text[i]) : text[i] != form[i]) return false;
  const auto number_at = [&](std::size_t at) { return (text[at] - '0') * 10 + text[at + 1] - '0'; };
  const int month = number_at(5), day = number_at(8);
  if (month < 1 || month > 12 || day < 1 || day > days_of_month[month - 1]) return false;
  if (number_at(11) > 23 || number_at(14) > 59 || number_at(17) > 60) return false;
  const std::string_view fraction = text.substr(form.size(), text.size() - form.size() - 1);
  return fraction.empty() || (fraction.size() > 1 && fraction[0] == '.' &&
                              std::all_of(fraction.begin() + 1, fraction.end(), is_digit));
}

}  // namespace grid
