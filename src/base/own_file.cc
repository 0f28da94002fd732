#include "base/own_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "base/random.h"

namespace grid {

void remove_unless_file(const std::filesystem::path& path) {
  struct stat st;
  if (::lstat(path.c_str(), &st) != 0 || S_ISREG(st.st_mode)) return;
  std::filesystem::path aside = path;
  aside += ".aside-" + random_hex(8);
  const int failed =
      S_ISDIR(st.st_mode) ? ::rename(path.c_str(), aside.c_str()) : ::unlink(path.c_str());
  if (failed != 0 && errno != ENOENT)
    throw system_error(errno, fmt::format("cannot remove {}, which is no file", path.string()));
}

static bool is_regular(const FileDescriptor& fd) {
  struct stat st;
  return ::fstat(fd.get(), &st) == 0 && S_ISREG(st.st_mode);
}

FileDescriptor find_own_file(const std::filesystem::path& path, int flags) {
  // O_NONBLOCK: a FIFO opens at once.
  FileDescriptor fd(::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (fd && is_regular(fd)) return fd;
  if (!fd && (errno == ENOENT || errno == ENOTDIR)) return fd;
  // ELOOP: a link. EISDIR: a folder. ENXIO: a FIFO without a reader, or a socket.
  if (!fd && errno != ELOOP && errno != EISDIR && errno != ENXIO)
    throw system_error(errno, fmt::format("cannot open {}", path.string()));
  remove_unless_file(path);
  return FileDescriptor();
}

FileDescriptor find_regular_file(const std::filesystem::path& path, int flags) {
  FileDescriptor fd(::open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK));
  if (fd) return is_regular(fd) ? std::move(fd) : FileDescriptor();
  if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP && errno != EISDIR && errno != ENXIO)
    throw system_error(errno, fmt::format("cannot open {}", path.string()));
  return fd;
}

std::optional<Bytes> find_regular_file_bytes(const std::filesystem::path& path) {
  const FileDescriptor fd = find_regular_file(path, O_RDONLY);
  if (!fd) return std::nullopt;
  return read_file_bytes(fd.get(), path.native());
}

FileDescriptor open_own_file(const std::filesystem::path& path, int flags, mode_t mode) {
  remove_unless_file(path);
  return open_file(path, flags | O_NOFOLLOW, mode);
}

std::optional<Bytes> find_own_file_bytes(const std::filesystem::path& path) {
  const FileDescriptor fd = find_own_file(path, O_RDONLY);
  if (!fd) return std::nullopt;
  return read_file_bytes(fd.get(), path.native());
}

}  // namespace grid
