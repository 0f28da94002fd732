// Keeps the frames of a pack that is being filled in a local file, so that killing the process does
// not lose them: the kernel has them as soon as they are written.
//
// Nothing is synced: what a power cut takes is read from the source again. Each pack overwrites the
// one before, so that the file's pages are reused and little of it reaches the disk. The file is a
// hint, like every log beside it: its reader compares each chunk with its digest.
#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "base/file.h"
#include "store/pack.h"

namespace grid::store {

// Not thread-safe. Nothing throws: what cannot be written is not kept.
class OpenPackFile {
 public:
  // The file is made when there is a frame to keep; with an empty path, never.
  explicit OpenPackFile(std::filesystem::path path) : path_(std::move(path)) {}

  // Keeps the closed frames of the pack once they hold about a megabyte of the source.
  void follow(const PackBuilder& pack) noexcept;
  // Keeps all closed frames.
  void catch_up(const PackBuilder& pack) noexcept;
  // Begins another pack; the one before is durable.
  void begin_pack() noexcept { frames_ = 0; }
  // Removes the file: all packs are durable.
  void remove() noexcept;

 private:
  void write_some(const PackBuilder& pack);

  const std::filesystem::path path_;
  FileDescriptor fd_;
  bool broken_ = false;
  std::size_t frames_ = 0;    // how many of this pack are written
  std::uint64_t tag_ = 0;     // of this pack: tells its frames from those before
  std::uint64_t offset_ = 0;  // of the next frame, in the file
};

// The path of the n-th such file in a folder.
std::filesystem::path open_pack_path(const std::filesystem::path& folder, unsigned number);

// All such files in a folder; none if there is no folder.
std::vector<std::filesystem::path> find_open_packs(const std::filesystem::path& folder);

// Passes each frame of the last pack in a file to `take`, up to the first that is torn. Throws
// errors of the file system and what `take` throws.
void read_open_pack(const std::filesystem::path& path,
                    const std::function<void(const FrameView&)>& take);

}  // namespace grid::store
