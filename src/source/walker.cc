#include "source/walker.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <future>
#include <system_error>

#include "base/error.h"
#include "base/timestamp.h"

namespace grid::source {

static constexpr std::string_view entry_vanished = "vanished while it was read";

static std::string reason_of(int error_number) {
  if (error_number == ENOENT) return std::string(entry_vanished);
  return std::error_code(error_number, std::generic_category()).message();
}

FileState state_of(const struct stat& st) {
  return {.size = static_cast<std::uint64_t>(st.st_size),
          .mtime_ns = timestamp_of(st.st_mtim),
          .ctime_ns = timestamp_of(st.st_ctim),
          .inode = st.st_ino};
}

static std::string join(const std::string& folder, std::string_view name) {
  return folder.empty() ? std::string(name) : folder + "/" + std::string(name);
}

static std::string shown(const std::string& folder) { return folder.empty() ? "." : folder; }

static constexpr unsigned scan_threads = 4;
static constexpr std::size_t scans_ahead_max = 4;  // in each folder on the way down

// The folders from the source down to one, by which a link to one of them is recognised.
struct Walker::Trail {
  std::uint64_t device = 0, inode = 0;
  std::shared_ptr<const Trail> above;
};

// What a folder holds. Its problems are not reported yet.
struct Walker::Scan {
  std::shared_ptr<const FileDescriptor> fd;  // null if it could not be opened
  std::vector<WalkedEntry> entries;          // in reverse order
  std::vector<Problem> problems;
  IgnoreRules rules{{}};               // that apply in it
  std::shared_ptr<const Trail> trail;  // that ends with it; null unless links are followed
};

struct Walker::Folder {
  struct Subfolder {
    std::string name;
    std::future<Scan> ahead;  // valid if a thread scans it already
  };

  std::string path;
  std::shared_ptr<const FileDescriptor> fd;
  IgnoreRules rules;
  std::shared_ptr<const Trail> trail;
  std::vector<Subfolder> subfolders;  // in reverse order; those still to walk
};

Walker::Walker(WalkOptions options, std::function<void(Problem)> report)
    : options_(std::move(options)), report_(std::move(report)), pool_(scan_threads) {
  struct stat st;
  if (::stat(options_.source.c_str(), &st) != 0)
    throw system_error(errno, fmt::format("cannot read the source {}", options_.source.string()));
  for (const SkippedFolder& folder : options_.skipped) {
    struct stat of_folder {};
    const bool is_there = ::stat(folder.path.c_str(), &of_folder) == 0;
    skipped_.emplace_back(is_there ? of_folder.st_dev : 0, is_there ? of_folder.st_ino : 0);
  }
  if (S_ISDIR(st.st_mode)) {
    folder_mtime_ns_ = timestamp_of(st.st_mtim);
    Scan top = scan(open_file(options_.source, O_RDONLY | O_DIRECTORY), "",
                    IgnoreRules(options_.patterns), nullptr);
    folder_ = top.fd;
    enter("", std::move(top));
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

// What a folder is that belongs to no source; empty for every other one.
std::string_view Walker::why_skipped(const struct stat& folder) const {
  for (std::size_t i = 0; i < skipped_.size(); ++i)
    if (skipped_[i] == std::pair<std::uint64_t, std::uint64_t>(folder.st_dev, folder.st_ino))
      return options_.skipped[i].what;
  return {};
}

// One entry of a folder; empty, with the problem noted, if it cannot be kept.
std::optional<WalkedEntry> Walker::examine(const Scan& in, const std::string& folder,
                                           std::string name, std::vector<Problem>& problems) const {
  const int folder_fd = in.fd->get();
  auto leave_out = [&](std::string reason, bool unsupported = false) {
    problems.push_back({join(folder, name), std::move(reason), unsupported});
    return std::nullopt;
  };
  struct stat st;
  if (::fstatat(folder_fd, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0)
    return leave_out(reason_of(errno));
  struct stat target;
  const bool followed = options_.follow_links && S_ISLNK(st.st_mode) &&
                        ::fstatat(folder_fd, name.c_str(), &target, 0) == 0;
  if (followed) {
    st = target;
    st.st_nlink = 1;  // a file of its own, however many links lead to it
    for (const Trail* on = in.trail.get(); on != nullptr; on = on->above.get())
      if (on->device == st.st_dev && on->inode == st.st_ino)
        return leave_out("is a link to a folder that it lies in", true);
  }
  WalkedEntry walked{.state = state_of(st), .device = st.st_dev, .link_count = st.st_nlink};
  walked.entry.mtime_ns = walked.state.mtime_ns;
  if (S_ISREG(st.st_mode)) {
    walked.entry.kind = EntryKind::file;
    walked.entry.size = walked.state.size;
    walked.entry.executable = (st.st_mode & 0111) != 0;
  } else if (S_ISDIR(st.st_mode)) {
    walked.entry.kind = EntryKind::folder;
    if (const std::string_view what = why_skipped(st); !what.empty())
      return leave_out(fmt::format("is {}", what), true);
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

static constexpr std::size_t ignore_file_size_max = 1 << 20;

static IgnorePatterns read_ignore_file(int folder_fd, const std::string& folder,
                                       std::vector<Problem>& problems) {
  std::string path = join(folder, ignore_file_name);
  std::string name(ignore_file_name);
  FileDescriptor fd(
      ::openat(folder_fd, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat st;
  if (!fd || ::fstat(fd.get(), &st) != 0 || !S_ISREG(st.st_mode)) {
    int error = errno;
    // A link or a folder of that name is content like any other.
    if (!fd && error != ELOOP) problems.push_back({path, reason_of(error)});
    return {};
  }
  if (static_cast<std::uint64_t>(st.st_size) > ignore_file_size_max) {
    problems.push_back({path, "is larger than 1 MiB, too large for a list of patterns"});
    return {};
  }
  Bytes text(static_cast<std::size_t>(st.st_size));
  try {
    text.resize(read_at(fd.get(), text, 0, path));
  } catch (const Error& error) {  // a problem of this file alone, reported with the others
    problems.push_back({path, error.what()});
    return {};
  }
  return IgnorePatterns::parse(as_text(text), folder);
}

bool Walker::is_left_out(const IgnoreRules& rules, const std::string& path, std::string_view name,
                         bool is_folder, std::vector<Problem>& problems) const {
  if (!options_.keep_all && is_left_out_by_default(name) && !rules.keeps(path, is_folder)) {
    if (!rules.ignores(path, is_folder))
      problems.push_back({.path = path,
                          .reason = "is left out by default (--all keeps it)",
                          .unsupported = true,
                          .by_default = true});
    return true;
  }
  return !rules.empty() && rules.ignores(path, is_folder);
}

// Reads a whole folder, so that its entries can be sorted. Examines them in the order of their
// inodes, in which they lie side by side on a disk.
Walker::Scan Walker::scan(FileDescriptor fd, const std::string& path, IgnoreRules rules,
                          const std::shared_ptr<const Trail>& above) const {
  struct Found {
    std::uint64_t inode;
    std::string name;
    unsigned char type;  // from readdir(3); may be unknown
  };
  Scan result{.fd = std::make_shared<const FileDescriptor>(std::move(fd))};
  if (struct stat st; options_.follow_links && ::fstat(result.fd->get(), &st) == 0)
    result.trail = std::make_shared<const Trail>(Trail{st.st_dev, st.st_ino, above});
  std::vector<Found> found;
  int listing = ::dup(result.fd->get());  // fdopendir() takes its descriptor over
  DIR* stream = listing < 0 ? nullptr : ::fdopendir(listing);
  if (stream == nullptr) {
    result.problems.push_back({shown(path), reason_of(errno)});
    return result;
  }
  bool has_ignore_file = false;
  for (errno = 0; const dirent* item = ::readdir(stream); errno = 0) {
    std::string_view name = item->d_name;
    if (name != "." && name != "..")
      found.push_back({item->d_ino, std::string(name), item->d_type});
    has_ignore_file = has_ignore_file || name == ignore_file_name;
  }
  // What follows is not known: without this problem, the version would be short of it.
  if (errno != 0)
    result.problems.push_back(
        {shown(path), fmt::format("its listing ended with an error: {}", reason_of(errno))});
  ::closedir(stream);
  if (has_ignore_file && options_.use_ignore_files)
    rules = rules.with(read_ignore_file(result.fd->get(), path, result.problems));
  std::sort(found.begin(), found.end(),
            [](const Found& a, const Found& b) { return a.inode < b.inode; });
  for (Found& item : found) {
    const bool judged = !rules.empty() || is_left_out_by_default(item.name);
    const bool kind_is_known =
        item.type != DT_UNKNOWN && !(options_.follow_links && item.type == DT_LNK);
    const std::string below = judged ? join(path, item.name) : "";
    const std::string name = judged ? item.name : "";
    if (judged && kind_is_known &&
        is_left_out(rules, below, name, item.type == DT_DIR, result.problems))
      continue;
    std::optional<WalkedEntry> walked =
        examine(result, path, std::move(item.name), result.problems);
    if (!walked) continue;
    bool is_folder = walked->entry.kind == EntryKind::folder;
    if (judged && !kind_is_known && is_left_out(rules, below, name, is_folder, result.problems))
      continue;
    result.entries.push_back(std::move(*walked));
  }
  std::sort(result.entries.begin(), result.entries.end(),
            [](const WalkedEntry& a, const WalkedEntry& b) { return a.entry.name > b.entry.name; });
  result.rules = std::move(rules);
  return result;
}

Walker::Scan Walker::scan_below(const std::shared_ptr<const FileDescriptor>& above,
                                const IgnoreRules& rules, const std::shared_ptr<const Trail>& trail,
                                const std::string& path, const std::string& name) const {
  FileDescriptor fd(
      ::openat(above->get(), name.c_str(),
               O_RDONLY | O_DIRECTORY | O_CLOEXEC | (options_.follow_links ? 0 : O_NOFOLLOW)));
  if (!fd) return {.problems = {{path, reason_of(errno)}}};
  return scan(std::move(fd), path, rules, trail);
}

void Walker::enter(const std::string& path, Scan scanned) {
  for (Problem& problem : scanned.problems) report_(std::move(problem));
  if (!scanned.fd) return;
  entries_ = std::move(scanned.entries);
  Folder folder{.path = path,
                .fd = std::move(scanned.fd),
                .rules = std::move(scanned.rules),
                .trail = std::move(scanned.trail)};
  for (const WalkedEntry& walked : entries_)
    if (walked.entry.kind == EntryKind::folder)
      folder.subfolders.push_back({walked.entry.name, {}});
  look_ahead(folder);
  stack_.push_back(std::move(folder));
}

// Has the threads scan the folders that come next. A lone subfolder gains nothing from that.
void Walker::look_ahead(Folder& folder) {
  std::size_t count = std::min(folder.subfolders.size(), scans_ahead_max);
  if (count < 2) return;
  for (auto at = folder.subfolders.rbegin(); count > 0; ++at, --count)
    if (!at->ahead.valid())
      at->ahead = pool_.submit([this, above = folder.fd, rules = folder.rules, trail = folder.trail,
                                path = join(folder.path, at->name), name = at->name] {
        return scan_below(above, rules, trail, path, name);
      });
}

// Enters the next folder in tree order; false if there is none left.
bool Walker::descend() {
  if (stack_.empty()) return false;
  Folder& folder = stack_.back();
  if (folder.subfolders.empty()) {
    stack_.pop_back();
    return true;
  }
  Folder::Subfolder next = std::move(folder.subfolders.back());
  folder.subfolders.pop_back();
  look_ahead(folder);
  std::string path = join(folder.path, next.name);
  IgnoreRules rules = folder.rules;
  enter(path, next.ahead.valid() ? next.ahead.get()
                                 : scan_below(folder.fd, rules, folder.trail, path, next.name));
  return true;
}

std::optional<WalkedEntry> Walker::next() {
  while (entries_.empty())
    if (!descend()) return std::nullopt;
  WalkedEntry walked = std::move(entries_.back());
  entries_.pop_back();
  return walked;
}

}  // namespace grid::source
