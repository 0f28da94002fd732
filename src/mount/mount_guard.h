// Unmounts after a process that was killed before it could unmount.
#pragma once

#include <sys/types.h>

#include <filesystem>

#include "base/file.h"

namespace grid::mount {

// While a MountGuard lives, a separate process waits for ours to end. If ours ends without
// destroying the guard and leaves a dead mount at `folder`, the guard process removes it. It sleeps
// in one read() and shares our memory. (fusermount3 has an option auto_unmount for this, but 3.14
// cannot look at a mount that only its user may enter, and leaves it in place.)
class MountGuard {
 public:
  // `folder` must be absolute. If no process can be started, the mount is not guarded.
  explicit MountGuard(const std::filesystem::path& folder);
  ~MountGuard();
  MountGuard(const MountGuard&) = delete;
  MountGuard& operator=(const MountGuard&) = delete;

 private:
  FileDescriptor life_;  // the kernel closes it when our process ends
  pid_t process_ = -1;
};

}  // namespace grid::mount
