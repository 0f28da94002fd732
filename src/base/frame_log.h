// A file that is only appended to, in frames with a checksum, and never synced: for hints, whose
// loss costs only time. What a dead process or a power cut left incomplete is cut off.
//
// The file: u32 magic, u32 format; then frames: u32 size, u64 the first 8 bytes of the BLAKE3 of
// what follows, that many bytes.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>

#include "base/bytes.h"
#include "base/file.h"

namespace grid {

class FrameLog {
 public:
  struct Format {
    std::uint32_t magic, number;
    const char* name;  // in messages
  };

  // Opens the log at `path`, or creates it, and passes each frame found to `take` with its offset.
  // It must not be open elsewhere. Throws `unsupported` for a newer format, leaving the file as it
  // is, and errors of the file system.
  FrameLog(const std::filesystem::path& path, const Format& format,
           const std::function<void(BytesView frame, std::uint64_t offset)>& take);

  // The file as it was when it was opened, mapped.
  BytesView bytes() const { return file_.bytes(); }
  void expect_random_reads() { file_.expect_random_reads(); }

  // Never throws: a frame that cannot be written is lost, and so are all that follow. Thread-safe.
  void append(BytesView frame) noexcept;

 private:
  std::uint64_t begin_of_frames(const std::filesystem::path& path, const Format& format) const;

  FileDescriptor fd_;
  MappedFile file_;
  std::atomic<bool> broken_ = false;
};

}  // namespace grid
