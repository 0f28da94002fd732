#include "mount/held_mount.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <cerrno>
#include <charconv>
#include <cstring>

namespace grid::mount {

HeldMount::HeldMount(const char* kernel_path) noexcept
    : root_(::open(kernel_path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) {}

FileSystemNumber HeldMount::number() const noexcept {
  // FUSE answers this without a message to the server, and to any user.
  struct statx found {};
  if (::statx(root_.get(), "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, 0, &found) != 0) return 0;
  return makedev(found.stx_dev_major, found.stx_dev_minor);
}

int HeldMount::ask() const noexcept {
  struct statfs found;
  return ::fstatfs(root_.get(), &found) == 0 ? 0 : errno;
}

int HeldMount::detach() const noexcept {
  char path[32] = "/proc/self/fd/";
  char* const end = path + std::strlen(path);
  *std::to_chars(end, path + sizeof path - 1, root_.get()).ptr = '\0';
  return ::umount2(path, MNT_DETACH) == 0 ? 0 : errno;
}

}  // namespace grid::mount
