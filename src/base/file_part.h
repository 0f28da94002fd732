// Parts of files that will be read soon.
#pragma once

#include <cstdint>
#include <span>

namespace grid {

struct FilePart {
  int fd = -1;
  std::uint64_t offset = 0, size = 0;  // bytes
};

// Asks the kernel to read the front of each part, up to 256 KiB, into its page cache in the
// background. A hint; bytes that are there already cost little. Thread-safe.
void begin_reading(std::span<const FilePart> parts);

}  // namespace grid
