// The order in which the pieces of a version's files were first read, for later readers of the same
// content.
//
// Traces are hints. Each is a file in the cache folder, named by the root of the version: the magic
// "GTRC0001", then a u64 for each piece, with its index in the lower 24 bits and its ordinal above.
// A trace has at most pieces_max pieces, and at most trace_count_max traces are kept.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <unordered_set>
#include <vector>

#include "base/digest.h"

namespace grid::dataset {

// 4 MiB of a file.
struct Piece {
  static constexpr std::uint64_t size = 4 << 20;

  std::uint64_t ordinal = 0;  // of the entry in its tree
  std::uint32_t index = 0;    // of the piece in the file

  bool operator==(const Piece&) const = default;
};

using ReadTrace = std::vector<Piece>;  // each piece once

// Thread-safe. Records the first pieces_max pieces, in at most 8 MB.
class TraceRecorder {
 public:
  static constexpr std::size_t pieces_max = 128 << 10;

  // [offset, offset + size) of a file was read; `size` is at most that of a piece.
  void note_read(const Digest& root, std::uint64_t ordinal, std::uint64_t offset,
                 std::uint64_t size);

  std::map<Digest, ReadTrace> traces() const;

 private:
  struct Recorded {
    std::unordered_set<std::uint64_t> seen;
    ReadTrace trace;
  };
  void note(Recorded& recorded, const Piece& piece);  // the caller holds mutex_

  std::atomic<bool> full_ = false;
  mutable std::mutex mutex_;
  std::map<Digest, Recorded> recorded_;  // by root; guarded by mutex_
  std::size_t count_ = 0;                // of pieces; guarded by mutex_
};

// Empty if there is none, or it is damaged.
ReadTrace find_trace(const std::filesystem::path& folder, const Digest& root);

// Replaces an earlier trace, unless the new one is less than half as long: a look at a few files
// must not erase a long trace. Never throws: traces are hints.
void save_trace(const std::filesystem::path& folder, const Digest& root,
                const ReadTrace& trace) noexcept;

}  // namespace grid::dataset
