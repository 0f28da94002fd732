// Locks among processes, on files.
//
// A lock belongs to the file as it was opened, neither to a process nor to a descriptor:
// - Two locks of one process exclude each other, if each has opened the file itself.
// - A child made by fork() holds it too, until the child executes another program, closes its
//   descriptor or ends.
// - Closing another descriptor of the same file does not end it, as it ends POSIX locks.
// - It ends with the last process that holds it, in whatever way that process ends. A stopped
//   process keeps it.
//
// Over NFS the server keeps the locks: an exclusive one then needs a file that is open for writing,
// and a shared one a file that is open for reading. Mounted with `nolock` or `local_lock`, each
// machine has its own. Where a file system has no locks, taking one throws.
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
  ofd,    // F_OFD_SETLK of fcntl(2): can be looked at without being taken. For new lock files.
  flock,  // flock(2): for the lock files that have always been locked so
};

// A file of the caller's or a lock file, and the lock on it. Destruction closes the file. Not
// thread-safe.
class FileLock {
 public:
  // No file.
  FileLock() = default;
  // A file that was opened at `path`, not locked yet.
  FileLock(FileDescriptor file, std::filesystem::path path, LockKind kind)
      : file_(std::move(file)), path_(std::move(path)), kind_(kind) {}

  // An exclusive lock on a lock file that is made if need be. Its holder may remove the file.
  // find() is empty if another has a lock, get() waits for it.
  static std::optional<FileLock> find(const std::filesystem::path& path,
                                      LockKind kind = LockKind::ofd);
  static FileLock get(const std::filesystem::path& path, LockKind kind, mode_t mode = 0666);
  // Whether an exclusive lock is held now; false if there is no file. Looking takes no lock of the
  // kind ofd, but for a moment a shared one of the kind flock, which can make another's find()
  // fail.
  static bool is_held(const std::filesystem::path& path, LockKind kind = LockKind::ofd);

  // Takes the lock, or changes its mode. try_take() returns false if another's lock excludes it,
  // take() waits. A change of the kind flock gives the lock up first: another may get it between.
  bool try_take(LockMode mode);
  void take(LockMode mode);

  const FileDescriptor& file() const { return file_; }
  // Whether the file is still what stands at its path. A file that was locked after it was opened
  // may have been removed, or replaced, by the holder before.
  bool is_in_place() const;

 private:
  FileDescriptor file_;
  std::filesystem::path path_;
  LockKind kind_ = LockKind::ofd;
};

// An exclusive lock, of kind ofd, on a part of a file. The same open file does not exclude itself:
// its users within a process need a mutex of their own. Destruction unlocks; the descriptor
// outlives it.
class RangeLock {
 public:
  // The `size` bytes from `begin` on, whether or not the file has them. If another holds any of
  // them it is asked for again until `patience` is over, rather than waited for in the kernel: the
  // holder may be stopped, and the caller need not be. Empty then, and where there are no locks.
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
