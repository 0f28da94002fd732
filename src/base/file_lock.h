// Locks between processes, on files.
//
// A lock belongs to an open file description, not to a process or a descriptor:
// - Two locks of one process exclude each other, if each has opened the file itself.
// - A child made by fork() holds it too, until the child executes another program, closes its
//   descriptor or ends.
// - Closing another descriptor of the same file does not end it, unlike a POSIX lock.
// - It ends when the last process that holds it ends, however that happens. A stopped
//   process keeps it.
//
// Over NFS the server keeps the locks: an exclusive one then needs a file that is open for writing,
// and a shared one a file that is open for reading. Mounted with `nolock` or `local_lock`, each
// machine has its own locks. Where a file system has no locks, taking one throws.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/file.h"

namespace grid {

enum class LockMode { shared, exclusive };

// On a local disk the two kinds do not see each other. So the kind is part of a lock file's format
// and never changes: a program of another version may be using the same folder.
enum class LockKind {
  ofd,    // F_OFD_SETLK of fcntl(2): can be tested without being taken. For new lock files.
  flock,  // flock(2): for lock files that have always used it
};

// A lock file, or another file of the caller, and the lock on it. Destruction closes the file. Not
// thread-safe.
class FileLock {
 public:
  // No file.
  FileLock() = default;
  // A file that was opened at `path`, not locked yet.
  FileLock(FileDescriptor file, std::filesystem::path path, LockKind kind)
      : file_(std::move(file)), path_(std::move(path)), kind_(kind) {}

  // Takes an exclusive lock on a lock file, which is created if needed. The holder may remove the
  // file. find() is empty if the lock is taken, get() waits for it. Both throw `unavailable` if the
  // file is replaced under them again and again.
  static std::optional<FileLock> find(const std::filesystem::path& path,
                                      LockKind kind = LockKind::ofd);
  static FileLock get(const std::filesystem::path& path, LockKind kind,
                      mode_t mode = private_file_mode);
  // As find(), but tries again until `patience` is over.
  static std::optional<FileLock> find_for(const std::filesystem::path& path, LockKind kind,
                                          std::chrono::milliseconds patience);
  // Whether an exclusive lock is held now; false if there is no file. Testing takes no lock of kind
  // ofd, but for a moment a shared one of kind flock, which can make a find() elsewhere come back
  // empty.
  static bool is_held(const std::filesystem::path& path, LockKind kind = LockKind::ofd);

  // Takes the lock, or changes its mode. try_take() returns false if another lock excludes it,
  // take() waits. A lock of kind flock is given up before its mode changes: another process may
  // take it in between.
  bool try_take(LockMode mode);
  void take(LockMode mode);
  // Waits no longer than this; false if it did not get the lock. A stopped process keeps its locks,
  // so take() and get() are for those who cannot go on without.
  bool try_take_for(LockMode mode, std::chrono::milliseconds patience);

  const FileDescriptor& file() const { return file_; }
  // Whether the file is still the one at its path. The previous holder may have removed or replaced
  // it between opening and locking.
  bool is_in_place() const;

 private:
  FileDescriptor file_;
  std::filesystem::path path_;
  LockKind kind_ = LockKind::ofd;
};

// An exclusive lock, of kind ofd, on a part of a file. Locks on one open file do not exclude each
// other: threads that share the file need a mutex of their own. Destruction unlocks; the descriptor
// must outlive the lock.
class RangeLock {
 public:
  // Locks the `size` bytes from `begin` on, whether or not the file has them. If any of them is
  // locked, tries again until `patience` is over instead of waiting in the kernel: a stopped holder
  // must not stop the caller. Empty if it gets no lock by then, or if the file cannot be locked.
  static std::optional<RangeLock> find(int fd, std::uint64_t begin, std::uint64_t size,
                                       std::chrono::milliseconds patience);
  ~RangeLock();
  RangeLock(RangeLock&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), begin_(other.begin_), size_(other.size_) {}
  RangeLock& operator=(RangeLock&&) = delete;

 private:
  RangeLock(int fd, std::uint64_t begin, std::uint64_t size)
      : fd_(fd), begin_(begin), size_(size) {}

  int fd_;  // -1: moved from
  std::uint64_t begin_, size_;
};

}  // namespace grid
