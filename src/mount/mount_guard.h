// Unmounts after a process that was killed before it could unmount.
#pragma once

#include <sys/types.h>

#include <filesystem>

#include "base/file.h"
#include "mount/mount_table.h"

namespace grid::mount {

// While a MountGuard lives, a separate process waits for ours to end. If ours ends without
// destroying the guard and leaves a dead mount, the guard process removes it, wherever its folder
// was moved meanwhile. It sleeps in one read() and shares our memory. (fusermount3 has an option
// auto_unmount for this, but 3.14 cannot look at a mount that only its user may enter, and leaves
// it in place.)
class MountGuard {
 public:
  // To be made before the mount, which is to be at `kernel_path`. If no process can be started, the
  // mount is not guarded.
  explicit MountGuard(const std::filesystem::path& kernel_path);
  ~MountGuard();
  MountGuard(const MountGuard&) = delete;
  MountGuard& operator=(const MountGuard&) = delete;

  // The mount is made, and from now on known by its number; 0: not known.
  void know(FileSystemNumber number) noexcept;

 private:
  void tell(int kind, FileSystemNumber number) noexcept;

  FileDescriptor life_;  // the kernel closes it when our process ends
  pid_t process_ = -1;
  bool is_mounted_ = false;
};

}  // namespace grid::mount
