// What an unfinished create has read and cut, so that its repeat need not read it again: a log
// in the state folder. It is a hint: an entry counts only while the file looks exactly as it did
// and the store has every chunk, and losing the log costs only time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/frame_log.h"
#include "source/source.h"
#include "store/chunk_index.h"
#include "store/chunk_reader.h"

namespace grid::create {

// Thread-safe.
class CheckpointLog {
 public:
  // Opens the log at `path`, or begins one. Cuts off a torn end that a dead process or a power cut
  // left. No other process may have it open. Throws `unsupported` for a newer format, which stays
  // as it is, and the file system's errors.
  explicit CheckpointLog(const std::filesystem::path& path);

  // The chunks of the file's stretch that begins at byte `begin`, if it was logged with this
  // state and `index` has them all.
  std::optional<std::vector<store::ChunkRef>> find(std::string_view path,
                                                   const source::FileState& state,
                                                   std::uint64_t begin,
                                                   const store::ChunkIndex& index) const;

  // Logs the chunks of a file's bytes from `begin` on, without a gap. Only for a file whose state
  // is settled: a later write must change it. Written soon, a few megabytes of content at a time.
  // Never throws: what cannot be logged is read again.
  void add(std::string_view path, const source::FileState& state, std::uint64_t begin,
           std::span<const store::ChunkRef> chunks);

  // Writes what was gathered. The destructor does not.
  void flush();

 private:
  // Where a stretch lies in the log; `key` hashes its path and where it begins.
  struct Slot {
    std::uint64_t key = 0, offset = 0;
    auto operator<=>(const Slot&) const = default;
  };
  void add_slots(BytesView frame, std::uint64_t offset);

  std::vector<Slot> slots_;  // sorted; of the stretches that were there when it was opened
  FrameLog log_;

  std::mutex mutex_;
  Bytes gathered_;                      // guarded by mutex_; stretches not written yet
  std::uint64_t gathered_content_ = 0;  // guarded by mutex_; bytes of content that they describe
};

}  // namespace grid::create
