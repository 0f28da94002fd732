// A part of a file or an object.
#pragma once

#include <cstdint>

namespace grid {

// The bytes [begin, end).
struct ByteRange {
  std::uint64_t begin = 0, end = 0;
};

}  // namespace grid
