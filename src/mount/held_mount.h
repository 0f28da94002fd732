// A mount that is kept while it is looked at and removed.
#pragma once

#include <sys/types.h>

#include "base/file.h"
#include "mount/mount_table.h"

namespace grid::mount {

// The kernel gives the number of a file system that is gone to the next, and a folder whose mount
// is gone may hold another's at once. So whoever looks at a mount and then removes it must hold it
// meanwhile: a file system that is held keeps its number, even after it was unmounted lazily.
// All but ask() works without the file system's server, which may be dead or stuck. Takes no memory
// and no locks, so that a forked process may use it.
class HeldMount {
 public:
  // Holds what is mounted at `kernel_path` now, or else the folder there; nothing if it cannot.
  explicit HeldMount(const char* kernel_path) noexcept;
  explicit operator bool() const noexcept { return static_cast<bool>(root_); }

  // 0: not known.
  FileSystemNumber number() const noexcept;

  // What its server says to a call that the kernel never answers from its caches: 0, ENOTCONN once
  // it is dead, or another errno, among others while it is dying. Waits for its answer.
  int ask() const noexcept;

  // Removes it lazily, and no other. Returns 0 or an errno.
  int detach() const noexcept;

 private:
  FileDescriptor root_;
};

}  // namespace grid::mount
