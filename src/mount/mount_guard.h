// Unmounts after a process that was killed before it could.
#pragma once

#include <sys/types.h>

#include <filesystem>

#include "base/file.h"

namespace grid::mount {

// While it lives, a process of its own waits for ours to end; if ours ends without destroying the
// guard, and leaves a dead mount at `folder`, that is removed. It sleeps in one read() and shares
// our memory. (The option auto_unmount of fusermount3 is meant for this, but 3.14 cannot look at a
// mount that only its user may enter, and leaves it there.)
class MountGuard {
 public:
  // `folder` is absolute. Where no process can be made, nothing guards the mount.
  explicit MountGuard(const std::filesystem::path& folder);
  ~MountGuard();
  MountGuard(const MountGuard&) = delete;
  MountGuard& operator=(const MountGuard&) = delete;

 private:
  FileDescriptor life_;  // the kernel closes it when our process ends
  pid_t process_ = -1;
};

}  // namespace grid::mount
