#include "server/byte_ranges.h"

#include <algorithm>

#include "base/text.h"

namespace grid::server {

std::optional<std::vector<Span>> parse_ranges(std::string_view header, std::uint64_t size) {
  static constexpr std::string_view unit = "bytes=";
  if (!header.starts_with(unit)) return std::nullopt;
  header.remove_prefix(unit.size());
  std::vector<Span> spans;
  std::size_t count = 0;
  do {
    std::string_view last = trimmed(take_until(header, ','));
    if (last.find('-') == last.npos || ++count > ranges_max) return std::nullopt;
    const std::string_view first = trimmed(take_until(last, '-'));
    last = trimmed(last);
    const auto from = parse_number<std::uint64_t>(first), to = parse_number<std::uint64_t>(last);
    if ((!from && !first.empty()) || (!to && !last.empty()) || (!from && !to) ||
        (from && to && *to < *from))
      return std::nullopt;
    Span span;
    if (!from) {  // the last bytes
      span.size = std::min(*to, size);
      span.offset = size - span.size;
    } else if (*from < size) {
      span = {*from, std::min(to.value_or(size - 1), size - 1) - *from + 1};
    }
    if (span.size > 0) spans.push_back(span);
  } while (!header.empty());
  return spans;
}

}  // namespace grid::server
