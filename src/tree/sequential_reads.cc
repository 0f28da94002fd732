#include "tree/sequential_reads.h"

#include <algorithm>

namespace grid::tree {

using namespace files_ahead;

// The reader that continues at `begin`; else a new one, in place of the least recent.
SequentialReads::Reader& SequentialReads::reader_at(Readers& readers, std::uint64_t begin) {
  auto at = std::find_if(readers.begin(), readers.end(), [&](const Reader& reader) {
    return begin + disorder_max >= reader.next && begin <= reader.next + disorder_max;
  });
  const bool goes_on = at != readers.end();
  if (!goes_on) --at;
  std::rotate(readers.begin(), at, at + 1);
  if (!goes_on) readers.front() = {};
  return readers.front();
}

std::optional<ByteRange> SequentialReads::note(const Digest& content, std::uint64_t begin,
                                               std::uint64_t end, std::uint64_t file_size) {
  if (file_size <= file_size_min) return std::nullopt;
  std::lock_guard lock(mutex_);
  if (readers_.size() >= files_max && !readers_.contains(content)) readers_.clear();
  Reader& reader = reader_at(readers_[content], begin);
  reader.next = std::max(reader.next, end);
  reader.size += end - begin;
  const std::uint64_t window = std::min(window_factor * reader.size, window_max_);
  if (reader.size < read_size_min || reader.next + window / 2 < reader.expected_end)
    return std::nullopt;
  const ByteRange range{std::max(reader.next, reader.expected_end),
                        std::min(file_size, reader.next + window)};
  if (range.begin >= range.end) return std::nullopt;
  reader.expected_end = range.end;
  return range;
}

}  // namespace grid::tree
