#include "source/pax_header.h"

#include <algorithm>
#include <string_view>

#include "base/text.h"
#include "base/timestamp.h"

namespace grid::source {

namespace {

constexpr std::size_t header_size = 512;
constexpr std::size_t size_at = 124, size_digits = 12, type_at = 156;  // in a header

// Of what follows the header; empty if it is not written in octal digits, which is enough for
// headers.
std::optional<std::size_t> size_of(std::string_view header) {
  const std::string_view digits =
      trimmed(header.substr(size_at, size_digits), std::string_view(" \0", 2));
  std::size_t size = 0;
  for (char c : digits) {
    if (c < '0' || c > '7') return std::nullopt;
    size = 8 * size + static_cast<std::size_t>(c - '0');
  }
  return size;
}

// "-1.5": a decimal number of seconds.
std::optional<std::int64_t> parse_time(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const auto seconds = parse_number<std::int64_t>(take_until(text, '.'));
  if (!seconds || *seconds < 0) return std::nullopt;
  std::int64_t nanoseconds = 0;
  for (std::int64_t unit = 100'000'000; unit > 0 && !text.empty(); unit /= 10) {
    if (text[0] < '0' || text[0] > '9') return std::nullopt;
    nanoseconds += unit * (text[0] - '0');
    text.remove_prefix(1);
  }
  return negative ? timestamp_of(-*seconds, -nanoseconds) : timestamp_of(*seconds, nanoseconds);
}

// The next "SIZE KEY=VALUE\n" of `records`, without the size; empty at the end.
std::string_view take_record(std::string_view& records) {
  const std::size_t blank = records.find(' ');
  if (blank == records.npos) return {};
  const auto size = parse_number<std::size_t>(records.substr(0, blank));
  if (!size || *size < blank + 2 || *size > records.size() || records[*size - 1] != '\n') return {};
  const std::string_view record = records.substr(blank + 1, *size - blank - 2);
  records.remove_prefix(*size);
  return record;
}

void read_records(std::string_view records, PaxHeader& out) {
  bool is_sparse = false;  // then the path is made up, and the name has a key of its own
  while (!records.empty()) {
    std::string_view value = take_record(records);
    if (value.empty()) return;
    const std::string_view key = take_until(value, '=');
    if (value.empty()) continue;  // takes back what a global header says
    if (key == "GNU.sparse.name") {
      out.path = value;
      is_sparse = true;
    } else if (key == "path" && !is_sparse) {
      out.path = value;
    } else if (key == "linkpath") {
      out.link_path = value;
    } else if (key == "mtime") {
      out.mtime_ns = parse_time(value);
    }
  }
}

}  // namespace

PaxHeader read_pax_header(BytesView headers) {
  // Extended headers of this member (x, X as Solaris writes it) or of all (g), long names as GNU
  // writes them (L, K), a label (V).
  static constexpr std::string_view leading_types = "xXgLKV";
  PaxHeader found;
  std::string_view rest = as_text(headers);
  while (rest.size() >= header_size) {
    const char type = rest[type_at];
    const std::optional<std::size_t> size = size_of(rest);
    if (leading_types.find(type) == leading_types.npos || !size) break;
    rest.remove_prefix(header_size);
    if (*size > rest.size()) break;
    if (type == 'x' || type == 'X') read_records(rest.substr(0, *size), found);
    rest.remove_prefix(
        std::min(rest.size(), (*size + header_size - 1) / header_size * header_size));
  }
  return found;
}

}  // namespace grid::source
