// Recognises reads of a large file from front to back and predicts what is read next.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "base/byte_range.h"
#include "base/digest.h"
#include "base/read_ahead.h"

namespace grid::tree {

// Thread-safe.
class SequentialReads {
 public:
  // Predictions reach at most `limit` bytes ahead, and never more than files_ahead::window_max; 0:
  // no predictions.
  explicit SequentialReads(std::uint64_t limit = UINT64_MAX)
      : window_max_(std::min(limit, files_ahead::window_max)) {}

  // Call this for a read of the bytes [begin, end) of a content. Returns the range behind it that
  // is expected to be read soon and was not returned before; empty if there is no prediction.
  std::optional<ByteRange> note(const Digest& content, std::uint64_t begin, std::uint64_t end,
                                std::uint64_t file_size);

 private:
  struct Reader {
    std::uint64_t next = 0;          // offset at which it continues
    std::uint64_t size = 0;          // bytes read in sequence so far
    std::uint64_t expected_end = 0;  // end of the last range returned
  };

  using Readers = std::array<Reader, 4>;  // of one content; the most recent first

  static Reader& reader_at(Readers& readers, std::uint64_t begin);

  const std::uint64_t window_max_;
  std::mutex mutex_;
  std::unordered_map<Digest, Readers, DigestHash> readers_;  // guarded by mutex_; by content
};

}  // namespace grid::tree
