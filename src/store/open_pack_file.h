// The frames of a pack that is being filled, in a file of this machine, so that a process which is
// killed does not lose them: they are with the kernel as soon as they are written.
//
// Nothing is synced: what a power cut takes is read from the source again. The file is written
// over and over, pack after pack, so that its pages are used again and the disk sees little of it.
// A hint, like every log beside it: whoever reads it compares each chunk with its digest.
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

  // Keeps the frames that were closed in the pack, once they are about a megabyte of the source.
  void follow(const PackBuilder& pack) noexcept;
  // Keeps all that are closed.
  void catch_up(const PackBuilder& pack) noexcept;
  // Another pack begins; the one before is durable.
  void begin_pack() noexcept { frames_ = 0; }
  // All packs are durable.
  void remove() noexcept;

 private:
  void write_some(const PackBuilder& pack);

  const std::filesystem::path path_;
  FileDescriptor fd_;
  bool broken_ = false;
  std::size_t frames_ = 0;    // of this pack, that are written
  std::uint64_t tag_ = 0;     // of this pack: tells its frames from those before
  std::uint64_t offset_ = 0;  // of the next frame, in the file
};

// The path of the n-th such file in a folder.
std::filesystem::path open_pack_path(const std::filesystem::path& folder, unsigned number);

// Those that are there. No folder is no file.
std::vector<std::filesystem::path> find_open_packs(const std::filesystem::path& folder);

// Gives each frame of the last pack in a file to `take`, up to the first that is torn. Throws what
// the file system says and what `take` throws.
void read_open_pack(const std::filesystem::path& path,
                    const std::function<void(const FrameView&)>& take);

}  // namespace grid::store
