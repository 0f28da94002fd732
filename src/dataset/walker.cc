#include "dataset/walker.h"

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/error.h"

namespace grid::dataset {

static constexpr std::string_view vanished = "vanished while it was read";

static std::string reason_of(int error_number) {
  if (error_number == ENOENT) return std::string(vanished);
  return std::error_code(error_number, std::generic_category()).message();
}

static std::int64_t nanoseconds(const timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

FileState state_of(const struct stat& st) {
  return {.size = static_cast<std::uint64_t>(st.st_size),
          .mtime_ns = nanoseconds(st.st_mtim),
          .ctime_ns = nanoseconds(st.st_ctim),
          .inode = st.st_ino};
}

static std::string join(const std::string& folder, std::string_view name) {
  return folder.empty() ? std::string(name) : folder + "/" + std::string(name);
}

struct Walker::Folder {
  std::string path;
  FileDescriptor fd;
  std::vector<std::string> subfolders;  // in reverse order; those that are left to walk
};

Walker::Walker(WalkOptions options, std::function<void(Problem)> report)
    : options_(std::move(options)), report_(std::move(report)) {
  struct stat st;
  if (::stat(options_.source.c_str(), &st) != 0)
    throw system_error(errno, fmt::format("cannot read the source {}", options_.source.string()));
  if (S_ISDIR(st.st_mode)) {
    enter("", open_file(options_.source, O_RDONLY | O_DIRECTORY));
    return;
  }
  if (!S_ISREG(st.st_mode))
    fail(ErrorKind::invalid_argument, "the source {} is neither a folder nor a file",
         options_.source.string());
  WalkedEntry walked{.state = state_of(st)};
  walked.entry.name = options_.source.filename().string();
  walked.entry.executable = (st.st_mode & 0111) != 0;
  walked.entry.size = walked.state.size;
  walked.entry.mtime_ns = walked.state.mtime_ns;
  entries_.push_back(std::move(walked));
}

Walker::~Walker() = default;

bool Walker::excluded(const std::string& folder, std::string_view name) const {
  if (options_.excludes.empty()) return false;
  std::string path = join(folder, name);
  return std::any_of(options_.excludes.begin(), options_.excludes.end(),
                     [&](const std::string& pattern) {
                       bool whole = pattern.find('/') != std::string::npos;
                       return ::fnmatch(pattern.c_str(), whole ? path.c_str() : name.data(),
                                        whole ? FNM_PATHNAME : 0) == 0;
                     });
}

static std::string_view unsupported_kind(mode_t mode) {
  if (S_ISSOCK(mode)) return "is a socket";
  if (S_ISFIFO(mode)) return "is a named pipe";
  if (S_ISCHR(mode) || S_ISBLK(mode)) return "is a device";
  return "is of an unknown kind";
}

// The target of a symbolic link, of any length; empty if it is gone.
static std::optional<std::string> read_link(int folder_fd, const std::string& name) {
  std::string target(256, '\0');
  for (;;) {
    ssize_t size = ::readlinkat(folder_fd, name.c_str(), target.data(), target.size());
    if (size < 0) return std::nullopt;
    if (static_cast<std::size_t>(size) < target.size()) {
      target.resize(static_cast<std::size_t>(size));
      return target;
    }
    target.resize(target.size() * 2);
  }
}

std::optional<WalkedEntry> Walker::examine(int folder_fd, const std::string& folder,
                                           std::string name) {
  auto leave_out = [&](std::string reason, bool unsupported = false) {
    report_({join(folder, name), std::move(reason), unsupported});
    return std::nullopt;
  };
  struct stat st;
  if (::fstatat(folder_fd, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0)
    return leave_out(reason_of(errno));
  WalkedEntry walked{.state = state_of(st), .device = st.st_dev, .link_count = st.st_nlink};
  walked.entry.mtime_ns = walked.state.mtime_ns;
  if (S_ISREG(st.st_mode)) {
    walked.entry.kind = EntryKind::file;
    walked.entry.size = walked.state.size;
    walked.entry.executable = (st.st_mode & 0111) != 0;
  } else if (S_ISDIR(st.st_mode)) {
    walked.entry.kind = EntryKind::folder;
    if (options_.skipped == std::pair<std::uint64_t, std::uint64_t>(st.st_dev, st.st_ino))
      return leave_out("is the store itself", true);
  } else if (S_ISLNK(st.st_mode)) {
    walked.entry.kind = EntryKind::symlink;
    std::optional<std::string> target = read_link(folder_fd, name);
    if (!target) return leave_out(reason_of(errno));
    walked.entry.target = std::move(*target);
    walked.entry.size = walked.entry.target.size();
  } else {
    return leave_out(std::string(unsupported_kind(st.st_mode)), true);
  }
  walked.entry.folder = folder;
  walked.entry.name = std::move(name);
  return walked;
}

// Reads a folder whole, so that its entries come sorted. They are examined in the order of their
// inodes, which is how a disk has them side by side.
void Walker::enter(const std::string& path, FileDescriptor fd) {
  struct Found {
    std::uint64_t inode;
    std::string name;
  };
  std::vector<Found> found;
  int listing = ::dup(fd.get());  // fdopendir() takes its descriptor over
  DIR* stream = listing < 0 ? nullptr : ::fdopendir(listing);
  if (stream == nullptr) {
    report_({path, reason_of(errno)});
    return;
  }
  for (errno = 0; const dirent* item = ::readdir(stream); errno = 0) {
    std::string_view name = item->d_name;
    if (name != "." && name != ".." && !excluded(path, name))
      found.push_back({item->d_ino, std::string(name)});
  }
  if (errno != 0) report_({path, reason_of(errno)});
  ::closedir(stream);
  std::sort(found.begin(), found.end(),
            [](const Found& a, const Found& b) { return a.inode < b.inode; });
  for (Found& item : found)
    if (std::optional<WalkedEntry> walked = examine(fd.get(), path, std::move(item.name)))
      entries_.push_back(std::move(*walked));
  std::sort(entries_.begin(), entries_.end(),
            [](const WalkedEntry& a, const WalkedEntry& b) { return a.entry.name > b.entry.name; });
  Folder folder{.path = path, .fd = std::move(fd)};
  for (const WalkedEntry& walked : entries_)
    if (walked.entry.kind == EntryKind::folder) folder.subfolders.push_back(walked.entry.name);
  stack_.push_back(std::move(folder));
}

// Enters the next folder in tree order; false if there is none left.
bool Walker::descend() {
  while (!stack_.empty()) {
    Folder& folder = stack_.back();
    if (folder.subfolders.empty()) {
      stack_.pop_back();
      continue;
    }
    std::string name = std::move(folder.subfolders.back());
    folder.subfolders.pop_back();
    std::string path = join(folder.path, name);
    FileDescriptor fd(
        ::openat(folder.fd.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) {
      report_({path, reason_of(errno)});
      continue;
    }
    enter(path, std::move(fd));
    return true;
  }
  return false;
}

std::optional<WalkedEntry> Walker::next() {
  while (entries_.empty())
    if (!descend()) return std::nullopt;
  WalkedEntry walked = std::move(entries_.back());
  entries_.pop_back();
  return walked;
}

FileDescriptor open_below(const std::filesystem::path& source, const std::string& path) {
  auto open_at = [&](int folder, const char* name, int flags) {
    FileDescriptor fd(::openat(folder, name, flags | O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd && errno != ENOENT && errno != ENOTDIR) throw system_error(errno, "cannot open it");
    return fd;
  };
  std::string whole = (source / path).string();
  if (whole.size() < PATH_MAX) return open_at(AT_FDCWD, whole.c_str(), 0);
  FileDescriptor folder = open_file(source, O_RDONLY | O_DIRECTORY);
  std::size_t begin = 0;
  for (std::size_t slash; folder && (slash = path.find('/', begin)) != std::string::npos;
       begin = slash + 1)
    folder = open_at(folder.get(), path.substr(begin, slash - begin).c_str(), O_DIRECTORY);
  return folder ? open_at(folder.get(), path.substr(begin).c_str(), 0) : FileDescriptor();
}

}  // namespace grid::dataset
