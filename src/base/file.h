// Files of the local machine: descriptors with an owner, whole reads and writes, mappings.
// All functions throw Error with the path in the message.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "base/bytes.h"

namespace grid {

// Owns a file descriptor; -1 is "none".
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() { reset(); }
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }

  explicit operator bool() const { return fd_ >= 0; }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  void reset();

 private:
  int fd_ = -1;
};

// What other users of the machine may not see: all that is in the state and the cache folder. The
// exception is a folder that is meant to be shared by a group, which has the set-group-ID bit and
// is writable for the group: what is made in it is for that group too, as is what is made in that.
inline constexpr mode_t private_file_mode = 0600, private_folder_mode = 0700;

// open(2) with O_CLOEXEC added. A new file is private unless another mode is given.
FileDescriptor open_file(const std::filesystem::path& path, int flags,
                         mode_t mode = private_file_mode);
// The same, but empty if there is no such file.
FileDescriptor find_file(const std::filesystem::path& path, int flags);

// Makes a folder, and those above it, where they are missing.
void make_folders(const std::filesystem::path& path);
// The same for private folders; those that exist keep their mode.
void make_private_folders(const std::filesystem::path& path);
// The same where a failure shows in what the caller does next. False if it failed.
bool try_make_private_folders(const std::filesystem::path& path) noexcept;

// Reads up to out.size() bytes at `offset`, fewer only at the end of the file.
std::size_t read_at(int fd, MutableBytesView out, std::uint64_t offset, std::string_view name);
void write_all(int fd, BytesView data, std::string_view name);
// The same for callers to whom a failure is no error. Advances `data` past what was written and
// returns 0, or the errno of the write that failed: EAGAIN where a descriptor that does not wait
// has no room. Takes no memory and no lock, so a forked process may call it.
int try_write_all(int fd, BytesView& data) noexcept;
void write_at(int fd, BytesView data, std::uint64_t offset, std::string_view name);

// The whole file that is open as `fd`; `name` is for messages.
Bytes read_file_bytes(int fd, std::string_view name);
// The whole file; nullopt if there is none, or a folder in its place.
std::optional<Bytes> find_file_bytes(const std::filesystem::path& path);

// Replaces the file at `path` by a private one with these bytes: readers see the old file or the
// new one, whole. Not synced: for state that can be made again.
void replace_file(const std::filesystem::path& path, BytesView data);
// The same, but `fill` writes the new file through its descriptor.
void replace_file(const std::filesystem::path& path, const std::function<void(int fd)>& fill);

// A file mapped into memory, read-only. Empty files map to an empty view.
class MappedFile {
 public:
  MappedFile() = default;
  static std::optional<MappedFile> find(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  MappedFile& operator=(MappedFile&& other) noexcept;

  BytesView bytes() const { return {data_, size_}; }
  // Tells the kernel that reads will be scattered, so that it does not read neighbouring pages.
  void expect_random_reads() const;
  // Releases the memory of pages that were read; the next access reads them again.
  void forget_pages() const;

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace grid
