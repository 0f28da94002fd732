// A file that is only appended to, in frames with a checksum, and never synced: for hints, which
// cost time alone if they are lost. What a dead process or a power cut left torn is cut off.
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
    const char* name;  // what messages call it
  };

  // Opens the log at `path`, or begins one, and gives each frame that is there, with its offset, to
  // `take`. Nobody else may have it open. Throws `unsupported` for a newer format, which stays as
  // it is, and what the file system says.
  FrameLog(const std::filesystem::path& path, const Format& format,
           const std::function<void(BytesView frame, std::uint64_t offset)>& take);

  // The file as it was when it was opened, mapped.
  BytesView bytes() const { return file_.bytes(); }
  void expect_random_reads() { file_.expect_random_reads(); }

  // Never throws: what cannot be written is lost, with all that follows. Thread-safe.
  void append(BytesView frame) noexcept;

 private:
  std::uint64_t begin_of_frames(const std::filesystem::path& path, const Format& format) const;

  FileDescriptor fd_;
  MappedFile file_;
  std::atomic<bool> broken_ = false;
};

}  // namespace grid
