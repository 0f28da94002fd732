#include "base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "base/error.h"
#include "base/random.h"

namespace grid {

void FileDescriptor::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

static bool is_shared_by_group(const std::filesystem::path& folder) {
  constexpr mode_t shared = S_ISGID | S_IRWXG;
  struct stat st;
  return ::stat(folder.empty() ? "." : folder.c_str(), &st) == 0 && (st.st_mode & shared) == shared;
}

FileDescriptor open_file(const std::filesystem::path& path, int flags, mode_t mode) {
  FileDescriptor fd(::open(path.c_str(), flags | O_CLOEXEC, mode));
  if (!fd) throw system_error(errno, fmt::format("cannot open {}", path.string()));
  if ((flags & O_CREAT) != 0 && mode == private_file_mode &&
      is_shared_by_group(path.parent_path())) {
    // Fails if another user has made the file, who has then done the same.
    [[maybe_unused]] const int ignored = ::fchmod(fd.get(), 0660);
  }
  return fd;
}

FileDescriptor find_file(const std::filesystem::path& path, int flags) {
  FileDescriptor fd(::open(path.c_str(), flags | O_CLOEXEC));
  if (!fd && errno != ENOENT && errno != ENOTDIR)
    throw system_error(errno, fmt::format("cannot open {}", path.string()));
  return fd;
}

void make_folders(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) throw system_error(error.value(), fmt::format("cannot make {}", path.string()));
}

// 0, or the errno of the folder that cannot be made.
static int make_missing_private_folders(const std::filesystem::path& path) {
  std::vector<std::filesystem::path> missing;
  struct stat st;
  for (std::filesystem::path at = path; !at.empty() && ::stat(at.c_str(), &st) != 0;) {
    if (errno != ENOENT) return errno;
    missing.push_back(at);
    std::filesystem::path above = at.parent_path();
    if (above == at) break;
    at = std::move(above);
  }
  // Each is tried once: some folders (in /proc) say for ever that what is made in them is missing.
  for (; !missing.empty(); missing.pop_back()) {
    const std::filesystem::path& folder = missing.back();
    if (::mkdir(folder.c_str(), private_folder_mode) != 0) {
      if (errno != EEXIST) return errno;
    } else if (is_shared_by_group(folder.parent_path())) {
      if (::chmod(folder.c_str(), S_ISGID | 0770) != 0) return errno;
    }
  }
  return 0;
}

void make_private_folders(const std::filesystem::path& path) {
  if (const int error = make_missing_private_folders(path); error != 0)
    throw system_error(error, fmt::format("cannot make {}", path.string()));
  if (!std::filesystem::is_directory(path))
    throw system_error(ENOTDIR, fmt::format("cannot make {}", path.string()));
}

bool try_make_private_folders(const std::filesystem::path& path) noexcept {
  try {
    return make_missing_private_folders(path) == 0;
  } catch (const std::exception&) {  // out of memory
    return false;
  }
}

std::size_t read_at(int fd, MutableBytesView out, std::uint64_t offset, std::string_view name) {
  std::size_t done = 0;
  while (done < out.size()) {
    ssize_t got =
        ::pread(fd, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw system_error(errno, fmt::format("cannot read {}", name));
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

void write_all(int fd, BytesView data, std::string_view name) {
  if (const int error = try_write_all(fd, data); error != 0)
    throw system_error(error, fmt::format("cannot write {}", name));
}

int try_write_all(int fd, BytesView& data) noexcept {
  while (!data.empty()) {
    const ssize_t put = ::write(fd, data.data(), data.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return errno;
    data = data.subspan(static_cast<std::size_t>(put));
  }
  return 0;
}

void write_at(int fd, BytesView data, std::uint64_t offset, std::string_view name) {
  while (!data.empty()) {
    ssize_t put = ::pwrite(fd, data.data(), data.size(), static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) throw system_error(errno, fmt::format("cannot write {}", name));
    data = data.subspan(static_cast<std::size_t>(put));
    offset += static_cast<std::size_t>(put);
  }
}

Bytes read_file_bytes(int fd, std::string_view name) {
  struct stat st;
  if (::fstat(fd, &st) != 0) throw system_error(errno, fmt::format("cannot stat {}", name));
  Bytes bytes(static_cast<std::size_t>(st.st_size));
  bytes.resize(read_at(fd, bytes, 0, name));
  return bytes;
}

std::optional<Bytes> find_file_bytes(const std::filesystem::path& path) {
  // O_NONBLOCK: a FIFO in its place opens at once, and is empty.
  FileDescriptor fd = find_file(path, O_RDONLY | O_NONBLOCK);
  if (!fd) return std::nullopt;
  struct stat st;
  if (::fstat(fd.get(), &st) != 0)
    throw system_error(errno, fmt::format("cannot stat {}", path.string()));
  if (S_ISDIR(st.st_mode)) return std::nullopt;
  return read_file_bytes(fd.get(), path.native());
}

void replace_file(const std::filesystem::path& path, BytesView data) {
  replace_file(path, [&](int fd) { write_all(fd, data, path.native()); });
}

void replace_file(const std::filesystem::path& path, const std::function<void(int fd)>& fill) {
  std::filesystem::path temporary = path;
  temporary += ".tmp-" + random_hex(8);
  {
    FileDescriptor fd = open_file(temporary, O_WRONLY | O_CREAT | O_EXCL);
    try {
      fill(fd.get());
    } catch (const Error&) {
      ::unlink(temporary.c_str());  // it is useless, and may have filled the disk
      throw;
    }
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    int why = errno;
    ::unlink(temporary.c_str());
    throw system_error(why, fmt::format("cannot replace {}", path.string()));
  }
}

std::optional<MappedFile> MappedFile::find(const std::filesystem::path& path) {
  // Only regular files can be mapped. O_NONBLOCK: a FIFO in its place opens at once.
  FileDescriptor fd = find_file(path, O_RDONLY | O_NONBLOCK);
  if (!fd) return std::nullopt;
  struct stat st;
  if (::fstat(fd.get(), &st) != 0)
    throw system_error(errno, fmt::format("cannot stat {}", path.string()));
  if (!S_ISREG(st.st_mode)) return std::nullopt;
  MappedFile file;
  if (st.st_size == 0) return file;
  auto size = static_cast<std::size_t>(st.st_size);
  void* at = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd.get(), 0);
  if (at == MAP_FAILED) throw system_error(errno, fmt::format("cannot map {}", path.string()));
  file.data_ = static_cast<const std::byte*>(at);
  file.size_ = size;
  return file;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

void MappedFile::forget_pages() const {
  if (data_ != nullptr) ::madvise(const_cast<std::byte*>(data_), size_, MADV_DONTNEED);
}

void MappedFile::expect_random_reads() const {
  if (data_ != nullptr) ::madvise(const_cast<std::byte*>(data_), size_, MADV_RANDOM);
}

}  // namespace grid
