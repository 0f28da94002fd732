// Parts of files that will be read soon.
#pragma once

#include <cstdint>
#include <span>

namespace grid {

struct FilePart {
  int fd = -1;
  std::uint64_t offset = 0, size = 0;  // bytes
};

// Has the kernel bring the fronts of these parts into its page cache, in the background: 256 KiB of
// each at most. A hint; what is there already costs little. Thread-safe.
void begin_reading(std::span<const FilePart> parts);

}  // namespace grid
