// Times as texts, in UTC.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace grid {

// Formats like strftime(3); at most 31 characters.
std::string format_utc(std::chrono::system_clock::time_point time, const char* format);
// RFC 3339 to the second, for instance 2026-11-22T21:54:45Z.
std::string format_rfc3339(std::chrono::system_clock::time_point time);

// A time of RFC 3339 in UTC, with or without a fraction of a second; see base/timestamp.h for times
// that are too far away. Empty for any other text.
std::optional<std::chrono::system_clock::time_point> parse_rfc3339(std::string_view text);

// Whether a text is a time of RFC 3339 in UTC, ending in Z, as such times are written in records.
bool is_rfc3339_utc(std::string_view text);

}  // namespace grid
