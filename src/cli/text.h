// How numbers, times and names are written for people.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace grid::cli {

std::string format_size(std::uint64_t bytes);  // "11.2 MB", decimal units
// Bytes as people write them: 1000, 1.5 GB, 200M, 4GiB; units without an i are decimal. Throws
// `invalid_argument`; `what` is the sentence's noun.
std::uint64_t parse_size(std::string_view text, std::string_view what);
std::string format_count(std::uint64_t count);  // "10,100"
// "1 file", "10,100 files"; the plural is made with an s.
std::string format_count(std::uint64_t count, std::string_view noun);
std::uint64_t parse_count(std::string_view text, std::string_view what);  // likewise: 10000
std::string format_duration(std::chrono::nanoseconds duration);           // "0.31 s", "2 min 05 s"
// Local time, to the minute.
std::string format_time(std::chrono::system_clock::time_point time);
// A record's RFC 3339 time the same way; as it stands if it is none.
std::string format_time(std::string_view rfc3339);

// A name on a terminal: one line, nothing that the terminal would obey, and no two names alike.
// Control bytes and bytes that are no UTF-8 become \n, \t or \x1b, a backslash \\.
std::string escape_name(std::string_view name);
// The same for sentences that carry names: backslashes stay.
std::string escape_controls(std::string_view text);

// Columns that UTF-8 text without control bytes takes on a terminal.
std::size_t display_width(std::string_view text);
// Cuts text to at most `width` columns, the last of them "…" if anything was cut.
std::string fit(std::string_view text, std::size_t width);

}  // namespace grid::cli
