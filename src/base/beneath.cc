#include "base/beneath.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <string>

#include "base/text.h"

namespace grid {

namespace {

constexpr int pass_through_flags = O_PATH | O_DIRECTORY;  // asks for the right to search only

bool is_plain_path(std::string_view path) {
  if (path.ends_with('/')) return false;
  while (!path.empty())
    if (!is_plain_name(take_until(path, '/'))) return false;
  return true;
}

FileDescriptor failed(int error_number) {
  errno = error_number;
  return {};
}

bool is_link(int folder, const std::string& name) {
  struct stat status;
  return ::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISLNK(status.st_mode);
}

// What open_piece() gets is shorter than PATH_MAX.
FileDescriptor open_piece(int folder, std::string_view piece, int flags, mode_t mode) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.mode = mode;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return FileDescriptor(static_cast<int>(
      ::syscall(SYS_openat2, folder, std::string(piece).c_str(), &how, sizeof how)));
}

// Opens one name without following it.
FileDescriptor open_name(int folder, std::string_view name, int flags, mode_t mode) {
  const std::string text(name);
  FileDescriptor fd(::openat(folder, text.c_str(), flags | O_NOFOLLOW | O_CLOEXEC, mode));
  // What O_DIRECTORY says of a link; openat2(2) says ELOOP.
  if (!fd && errno == ENOTDIR) return failed(is_link(folder, text) ? ELOOP : ENOTDIR);
  if (fd && (flags & O_PATH) != 0 && (flags & O_NOFOLLOW) == 0) {
    struct stat status;
    if (::fstat(fd.get(), &status) == 0 && S_ISLNK(status.st_mode)) return failed(ELOOP);
  }
  return fd;
}

// Opens a path in pieces, each with `open` beneath what the one before has opened. `piece_size` is
// the most that is one piece: 0 is one name.
template <class Open>
FileDescriptor open_in_pieces(int folder, std::string_view path, std::size_t piece_size,
                              Open open) {
  FileDescriptor above;
  for (;;) {
    const int from = above ? above.get() : folder;
    if (piece_size > 0 && path.size() <= piece_size) return open(from, path, true);
    std::size_t slash = piece_size > 0 ? path.rfind('/', piece_size) : path.find('/');
    if (slash == path.npos) slash = path.find('/');  // a name that is too long, as open() will say
    if (slash == path.npos) return open(from, path, true);
    FileDescriptor next = open(from, path.substr(0, slash), false);
    if (!next) return next;
    above = std::move(next);
    path.remove_prefix(slash + 1);
  }
}

}  // namespace

bool is_plain_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == name.npos &&
         name.find('\0') == name.npos;
}

FileDescriptor walk_beneath(int folder, std::string_view path, int flags, mode_t mode) {
  if (!is_plain_path(path)) return failed(EXDEV);
  if (path.empty()) path = ".";
  return open_in_pieces(folder, path, 0, [&](int from, std::string_view name, bool last) {
    return last ? open_name(from, name, flags, mode) : open_name(from, name, pass_through_flags, 0);
  });
}

FileDescriptor open_beneath(int folder, std::string_view path, int flags, mode_t mode) {
  static std::atomic<bool> kernel_lacks_it = false;
  if (kernel_lacks_it) return walk_beneath(folder, path, flags, mode);
  if (!is_plain_path(path)) return failed(EXDEV);
  FileDescriptor fd = open_in_pieces(folder, path.empty() ? "." : path, PATH_MAX - 1,
                                     [&](int from, std::string_view piece, bool last) {
                                       return last ? open_piece(from, piece, flags, mode)
                                                   : open_piece(from, piece, pass_through_flags, 0);
                                     });
  if (fd || (errno != ENOSYS && errno != EPERM)) return fd;
  if (errno == ENOSYS) kernel_lacks_it = true;
  return walk_beneath(folder, path, flags, mode);  // EPERM may be a sandbox's
}

}  // namespace grid
