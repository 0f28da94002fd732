// The mounts that this process sees, as /proc/self/mountinfo lists them.
#pragma once

#include <sys/types.h>

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/file.h"

namespace grid::mount {

inline constexpr std::string_view mount_type = "fuse.grid";

// A mounted file system has a number for as long as it is mounted, wherever its folder is moved
// meanwhile: the device number of all that is in it. This reads it without asking the file system.
using FileSystemNumber = dev_t;

// Reads the table line by line. Takes no memory and no locks, so that a forked process may use it.
class MountTable {
 public:
  MountTable();

  struct Line {
    FileSystemNumber number = 0;
    std::string_view type;
    std::string_view path;  // decoded; valid until the next call
  };
  // False at the end. Passes over what it cannot read.
  bool next(Line& line) noexcept;

 private:
  bool fill() noexcept;

  FileDescriptor file_;
  std::size_t begin_ = 0, end_ = 0;  // what is read and not yet returned
  std::array<char, 48 << 10> buffer_;
};

struct Mounted {
  FileSystemNumber number = 0;
  std::string type;
  std::filesystem::path path;
};

// What is mounted at exactly this path, which the kernel would give; the last mount if there are
// several.
std::optional<Mounted> find_mounted(const std::filesystem::path& kernel_path);

// Where a mount of grid with this number is now.
std::optional<Mounted> find_mounted(FileSystemNumber number);

}  // namespace grid::mount
