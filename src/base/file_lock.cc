#include "base/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <thread>

#include "base/error.h"

namespace grid {

namespace {

using std::chrono::steady_clock;

// A size of 0 means up to the end of the file, however far it grows.
struct flock range_of(short type, std::uint64_t begin = 0, std::uint64_t size = 0) {
  struct flock range {};
  range.l_type = type;
  range.l_whence = SEEK_SET;
  range.l_start = static_cast<off_t>(begin);
  range.l_len = static_cast<off_t>(size);
  return range;
}

enum class Patience { none, endless };

// False, with errno set, if it fails.
bool lock_whole(int fd, LockMode mode, LockKind kind, Patience patience) {
  int result;
  do {
    if (kind == LockKind::flock) {
      const int operation = mode == LockMode::exclusive ? LOCK_EX : LOCK_SH;
      result = ::flock(fd, patience == Patience::none ? operation | LOCK_NB : operation);
    } else {
      struct flock range = range_of(mode == LockMode::exclusive ? F_WRLCK : F_RDLCK);
      result = ::fcntl(fd, patience == Patience::none ? F_OFD_SETLK : F_OFD_SETLKW, &range);
    }
  } while (result != 0 && errno == EINTR);
  return result == 0;
}

// Whether errno says that another lock is in the way.
bool another_has_it() { return errno == EAGAIN || errno == EACCES; }

}  // namespace

bool FileLock::try_take(LockMode mode) {
  if (lock_whole(file_.get(), mode, kind_, Patience::none)) return true;
  if (another_has_it()) return false;
  throw system_error(errno, fmt::format("cannot lock {}", path_.string()));
}

void FileLock::take(LockMode mode) {
  if (!lock_whole(file_.get(), mode, kind_, Patience::endless))
    throw system_error(errno, fmt::format("cannot lock {}", path_.string()));
}

// Tries at growing distances: a lock that is held for a moment is got soon, and one that is kept
// costs nothing.
static bool try_for(std::chrono::milliseconds patience, const std::function<bool()>& attempt) {
  const auto deadline = steady_clock::now() + patience;
  static constexpr std::chrono::milliseconds pause_max{50};
  for (std::chrono::milliseconds pause{1};; pause = std::min(2 * pause, pause_max)) {
    if (attempt()) return true;
    if (steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(pause);
  }
}

bool FileLock::try_take_for(LockMode mode, std::chrono::milliseconds patience) {
  return try_for(patience, [&] { return try_take(mode); });
}

std::optional<FileLock> FileLock::find_for(const std::filesystem::path& path, LockKind kind,
                                           std::chrono::milliseconds patience) {
  std::optional<FileLock> lock;
  try_for(patience, [&] { return (lock = find(path, kind)).has_value(); });
  return lock;
}

bool FileLock::is_in_place() const {
  struct stat held, there;
  return ::fstat(file_.get(), &held) == 0 && ::stat(path_.c_str(), &there) == 0 &&
         held.st_ino == there.st_ino && held.st_dev == there.st_dev;
}

// In find() and get() the last holder may have removed the file between open() and the lock. No
// other process would see that lock, so they open the file again.
static constexpr int opened_max = 1000;  // a file that is replaced so often is no lock file

[[noreturn]] static void fail_replaced(const std::filesystem::path& path) {
  fail(ErrorKind::unavailable, "cannot lock {}: it is removed or replaced again and again",
       path.string());
}

std::optional<FileLock> FileLock::find(const std::filesystem::path& path, LockKind kind) {
  for (int i = 0; i < opened_max; ++i) {
    FileLock lock(open_file(path, O_RDWR | O_CREAT), path, kind);
    if (!lock.try_take(LockMode::exclusive)) return std::nullopt;
    if (lock.is_in_place()) return lock;
  }
  fail_replaced(path);
}

FileLock FileLock::get(const std::filesystem::path& path, LockKind kind, mode_t mode) {
  for (int i = 0; i < opened_max; ++i) {
    FileLock lock(open_file(path, O_RDWR | O_CREAT, mode), path, kind);
    lock.take(LockMode::exclusive);
    if (lock.is_in_place()) return lock;
  }
  fail_replaced(path);
}

bool FileLock::is_held(const std::filesystem::path& path, LockKind kind) {
  // O_NONBLOCK: a FIFO in its place opens at once.
  FileLock lock(find_file(path, O_RDONLY | O_NONBLOCK), path, kind);
  if (!lock.file_) return false;
  if (kind == LockKind::flock) return !lock.try_take(LockMode::shared);
  struct flock range = range_of(F_RDLCK);
  if (::fcntl(lock.file_.get(), F_OFD_GETLK, &range) != 0)
    throw system_error(errno, fmt::format("cannot test the lock {}", path.string()));
  return range.l_type != F_UNLCK;
}

std::optional<RangeLock> RangeLock::find(int fd, std::uint64_t begin, std::uint64_t size,
                                         std::chrono::milliseconds patience) {
  const auto deadline = steady_clock::now() + patience;
  struct flock range = range_of(F_WRLCK, begin, size);
  while (::fcntl(fd, F_OFD_SETLK, &range) != 0) {
    if (!another_has_it() || steady_clock::now() >= deadline) return std::nullopt;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return RangeLock(fd, begin, size);
}

RangeLock::~RangeLock() {
  if (fd_ < 0) return;
  struct flock range = range_of(F_UNLCK, begin_, size_);
  ::fcntl(fd_, F_OFD_SETLK, &range);
}

}  // namespace grid
