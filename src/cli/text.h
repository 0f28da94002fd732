// How numbers, times and names are written for people.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace grid::cli {

std::string format_size(std::uint64_t bytes);  // "11.2 MB", decimal units
// Bytes as people write them: 1000, 1.5 GB, 200M, 4GiB; units without an i are decimal. Throws
// `invalid_argument`; `what` names the value in the error.
std::uint64_t parse_size(std::string_view text, std::string_view what);
std::string format_count(std::uint64_t count);  // "10,100"
// "1 file", "10,100 files"; the plural is made with an s.
std::string format_count(std::uint64_t count, std::string_view noun);
std::uint64_t parse_count(std::string_view text, std::string_view what);  // likewise: 10000
std::string format_duration(std::chrono::nanoseconds duration);           // "0.31 s", "2 min 05 s"
// Local time, to the minute.
std::string format_time(std::chrono::system_clock::time_point time);
// The same for a record's RFC 3339 time; any other text is returned as it is.
std::string format_time(std::string_view rfc3339);

// A name for a terminal: one line without control sequences; different names stay different.
// Control bytes and bytes that are not UTF-8 become \n, \t or \x1b, a backslash \\.
std::string escape_name(std::string_view name);
// The same for sentences that contain names: backslashes stay.
std::string escape_controls(std::string_view text);
// The same for text of several lines: newlines and tabs stay too.
std::string escape_all_but_layout(std::string_view text);

// Columns that UTF-8 text without control bytes takes on a terminal.
std::size_t display_width(std::string_view text);
// Cuts text to at most `width` columns, the last of them "…" if anything was cut.
std::string fit(std::string_view text, std::size_t width);

}  // namespace grid::cli
