// The ranges that a client asks for in `Range` (RFC 9110, section 14).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace grid::server {

struct Span {
  std::uint64_t offset = 0, size = 0;  // bytes
  bool operator==(const Span&) const = default;
};

inline constexpr std::size_t ranges_max = 32;

// The ranges of a body of `size` bytes, in the order asked for, cut off at its end. Nullopt: the
// header is to be ignored, as it is malformed or asks for more than ranges_max. Empty: none of them
// lies in the body, which is status 416.
std::optional<std::vector<Span>> parse_ranges(std::string_view header, std::uint64_t size);

}  // namespace grid::server
