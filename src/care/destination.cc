#include "care/destination.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "base/beneath.h"
#include "base/error.h"
#include "base/random.h"
#include "base/text.h"
#include "base/timestamp.h"

namespace grid::care {

namespace {

constexpr std::size_t hole_size = 4096;  // zeros of this size and alignment become a hole

bool is_empty_folder(const FileDescriptor& folder) {
  FileDescriptor again(::openat(folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!again) throw system_error(errno, "cannot list it");
  const std::unique_ptr<DIR, int (*)(DIR*)> list(::fdopendir(again.release()), &::closedir);
  if (!list) throw system_error(errno, "cannot list it");
  errno = 0;
  while (const dirent* entry = ::readdir(list.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") return false;
  }
  if (errno != 0) throw system_error(errno, "cannot list it");
  return true;
}

// Opens a folder below `top`, and makes what is missing of its path.
FileDescriptor make_missing_folders(int top, std::string_view folder) {
  FileDescriptor above;
  while (!folder.empty()) {
    const std::string name(take_until(folder, '/'));
    const int from = above ? above.get() : top;
    if (::mkdirat(from, name.c_str(), 0777) != 0 && errno != EEXIST) return {};
    FileDescriptor next = open_beneath(from, name, O_PATH | O_DIRECTORY);
    if (!next) return next;
    above = std::move(next);
  }
  return above;
}

bool is_zero(BytesView bytes) {
  return bytes[0] == std::byte{0} &&
         std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

std::string temporary_name() { return ".grid-get-" + random_hex(8); }

// rename(2) that replaces nothing.
bool rename_in_folder(int folder, const std::string& from, const std::string& to) {
  if (::renameat2(folder, from.c_str(), folder, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno != EINVAL && errno != ENOSYS) return false;
  // A file system without that flag.
  struct stat status;
  if (::fstatat(folder, to.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) {
    errno = EEXIST;
    return false;
  }
  return ::renameat(folder, from.c_str(), folder, to.c_str()) == 0;
}

enum class Wanted { empty, any };

FileDescriptor open_folder(const std::filesystem::path& folder, Wanted wanted) {
  const bool made = ::mkdir(folder.c_str(), 0777) == 0;
  if (!made && errno != EEXIST)
    throw system_error(errno, fmt::format("cannot make the folder {}", folder.string()));
  // What this process made is no link; where the folder was there, a link to it is the user's own.
  FileDescriptor fd(
      ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | (made ? O_NOFOLLOW : 0)));
  if (!fd && errno != ENOTDIR)
    throw system_error(errno, fmt::format("cannot open {}", folder.string()));
  try {
    if (fd && (made || wanted == Wanted::any || is_empty_folder(fd))) return fd;
  } catch (const Error& error) {
    throw error.within(folder.string());
  }
  fail(ErrorKind::already_exists, "{} exists already and is not {} folder", folder.string(),
       wanted == Wanted::any ? "a" : "an empty");
}

}  // namespace

FileDescriptor open_empty_folder(const std::filesystem::path& folder) {
  return open_folder(folder, Wanted::empty);
}

FileDescriptor open_any_folder(const std::filesystem::path& folder) {
  return open_folder(folder, Wanted::any);
}

bool is_taken(const Target& to) {
  struct stat status;
  return ::fstatat(to.folder, to.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
}

bool is_folder(const Target& to) {
  struct stat status;
  return ::fstatat(to.folder, to.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISDIR(status.st_mode);
}

Target beside(const Target& to) { return {to.folder, temporary_name()}; }

void replace(const Target& made, const Target& to) {
  const bool renamed = ::renameat(made.folder, made.name.c_str(), to.folder, to.name.c_str()) == 0;
  const int error = errno;
  // Two names of one file both stay when one is renamed to the other.
  ::unlinkat(made.folder, made.name.c_str(), 0);
  if (!renamed) throw system_error(error, "cannot replace what is there");
}

Target DestinationFolders::target(std::string_view path) {
  const auto [folder, name] = split_path(path);
  if (!is_plain_name(name)) fail(ErrorKind::corrupt, "its name is not one that a file can have");
  return {open(folder), std::string(name)};
}

int DestinationFolders::open(std::string_view folder) {
  if (folder.empty()) return top_;
  if (last_ && folder == last_path_) return last_.get();
  FileDescriptor fd = open_beneath(top_, folder, O_PATH | O_DIRECTORY);
  if (!fd && errno == ENOENT) fd = make_missing_folders(top_, folder);
  if (!fd && (errno == ELOOP || errno == ENOTDIR))
    fail(ErrorKind::corrupt, "its folder {} is a link or a file where it is written: not followed",
         folder);
  if (!fd && errno == EXDEV)
    fail(ErrorKind::corrupt, "its folder {} has a path that leads elsewhere", folder);
  if (!fd) throw system_error(errno, fmt::format("cannot open the folder {}", folder));
  last_ = std::move(fd);
  last_path_ = folder;
  return last_.get();
}

void set_folder_time(const std::filesystem::path& folder, std::int64_t mtime_ns) {
  const timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, timespec_of(mtime_ns)};
  if (::utimensat(AT_FDCWD, folder.c_str(), times, 0) != 0)
    throw system_error(errno, fmt::format("cannot set the time of {}", folder.string()));
}

void make_folder(const Target& to) {
  if (::mkdirat(to.folder, to.name.c_str(), 0777) != 0)
    throw system_error(errno, "cannot make the folder");
}

void make_symlink(const Target& to, std::string_view target) {
  if (::symlinkat(std::string(target).c_str(), to.folder, to.name.c_str()) != 0)
    throw system_error(errno, "cannot make the link");
}

void set_time(const Target& to, std::int64_t mtime_ns) {
  const timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, timespec_of(mtime_ns)};
  if (::utimensat(to.folder, to.name.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0)
    throw system_error(errno, "cannot set the time");
}

bool make_hard_link(const Target& from, const FileIdentity& expected, const Target& to) {
  // Does not follow `from`. That it is the right file can be seen without a race only afterwards.
  if (::linkat(from.folder, from.name.c_str(), to.folder, to.name.c_str(), 0) != 0) {
    if (errno == EEXIST) throw system_error(errno, "cannot make another name of a file");
    return false;
  }
  struct stat status;
  if (::fstatat(to.folder, to.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
      FileIdentity{status.st_dev, status.st_ino} == expected)
    return true;
  ::unlinkat(to.folder, to.name.c_str(), 0);
  return false;
}

NewFile::NewFile(Target to, std::uint64_t size, bool executable, bool replaces)
    : to_(std::move(to)),
      size_(size),
      replaces_(replaces),
      written_name_(size <= at_once_size_max && !replaces ? to_.name : temporary_name()),
      fd_(::openat(to_.folder, written_name_.c_str(),
                   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                   executable ? 0777 : 0666)) {
  if (!fd_) throw system_error(errno, "cannot create the file");
}

NewFile::~NewFile() {
  if (!finished_) ::unlinkat(to_.folder, written_name_.c_str(), 0);
}

void NewFile::write(BytesView data, std::uint64_t offset) {
  std::size_t begin = 0, at = 0;
  while (at + hole_size <= data.size()) {
    if (!is_zero(data.subspan(at, hole_size))) {
      at += hole_size;
      continue;
    }
    write_at(fd_.get(), data.subspan(begin, at - begin), offset + begin, "the file");
    at += hole_size;
    begin = at;
  }
  write_at(fd_.get(), data.subspan(begin), offset + begin, "the file");
  const bool ends_in_hole = begin == data.size() && offset + begin == size_ && size_ > 0;
  if (ends_in_hole && ::ftruncate(fd_.get(), static_cast<off_t>(size_)) != 0)
    throw system_error(errno, "cannot write the file");
}

FileIdentity NewFile::identity() const {
  struct stat status;
  if (::fstat(fd_.get(), &status) != 0) throw system_error(errno, "cannot stat the file");
  return {status.st_dev, status.st_ino};
}

void NewFile::finish(std::int64_t mtime_ns) {
  const timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, timespec_of(mtime_ns)};
  const int time_error = ::futimens(fd_.get(), times) == 0 ? 0 : errno;
  // A network file system may say only here that there was no room.
  if (::close(fd_.release()) != 0 && errno != EINTR)
    throw system_error(errno, "cannot write the file");
  if (replaces_)
    replace({to_.folder, written_name_}, to_);
  else if (written_name_ != to_.name && !rename_in_folder(to_.folder, written_name_, to_.name))
    throw system_error(errno, "cannot name the file");
  finished_ = true;
  if (time_error != 0) throw system_error(time_error, "is written, but cannot set its time");
}

}  // namespace grid::care
