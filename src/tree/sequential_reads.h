// Sees who reads a large file from front to back, and says what he will read next.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "base/byte_range.h"
#include "base/digest.h"

namespace grid::tree {

// Thread-safe.
class SequentialReads {
 public:
  // What is expected reaches at most `window_max` bytes ahead, and never more than 64 MiB; 0:
  // nothing is.
  explicit SequentialReads(std::uint64_t window_max = UINT64_MAX)
      : window_max_(std::min<std::uint64_t>(window_max, 64 << 20)) {}

  // Somebody reads the bytes [begin, end) of a content. Returns the range behind it that will be
  // read soon and that was not returned before; empty while nobody knows.
  std::optional<ByteRange> note(const Digest& content, std::uint64_t begin, std::uint64_t end,
                                std::uint64_t file_size);

 private:
  struct Reader {
    std::uint64_t next = 0;          // offset at which he goes on
    std::uint64_t size = 0;          // bytes read so far, one after the other
    std::uint64_t expected_end = 0;  // of the last range that was returned
  };

  using Readers = std::array<Reader, 4>;  // of one content; who read last comes first

  static Reader& reader_at(Readers& readers, std::uint64_t begin);

  const std::uint64_t window_max_;
  std::mutex mutex_;
  std::unordered_map<Digest, Readers, DigestHash> readers_;  // guarded by mutex_; by content
};

}  // namespace grid::tree
