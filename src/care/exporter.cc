// Writes files in tree order, the order in which packs hold them, with a few threads. Each thread
// takes a stretch of the tree and reads small files a megabyte at a time. Folders are made first,
// and their times are set last.

#include "care/exporter.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "base/text.h"

namespace grid::care {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t stretch_entries_max = 1024;
constexpr std::size_t read_size = 1 << 20;                // bytes
constexpr std::uint64_t small_file_size_max = 256 << 10;  // bytes; such files are read together
constexpr std::size_t hole_size = 4096;  // zeros of this size and alignment become a hole

// Opens folders below the destination, however long their paths are, and keeps the last one open,
// since entries come folder by folder. One per thread.
class FolderOpener {
 public:
  explicit FolderOpener(const fs::path& top) : top_(open_file(top, O_RDONLY | O_DIRECTORY)) {}

  // The opener owns the descriptor. `folder` is "" for the top.
  int open(std::string_view folder) {
    if (folder.empty()) return top_.get();
    if (!last_ || folder != last_path_) {
      last_ = open_below_top(folder);
      last_path_ = folder;
    }
    return last_.get();
  }

 private:
  FileDescriptor open_below_top(std::string_view folder) const {
    FileDescriptor above;
    for (std::size_t begin = 0; begin <= folder.size();) {
      std::size_t end = begin + PATH_MAX / 2 < folder.size()
                            ? folder.rfind('/', begin + PATH_MAX / 2)
                            : folder.size();
      std::string part(folder.substr(begin, end - begin));
      int from = above ? above.get() : top_.get();
      FileDescriptor fd(::openat(from, part.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      if (!fd) throw system_error(errno, fmt::format("cannot open the folder {}", folder));
      above = std::move(fd);
      begin = end + 1;
    }
    return above;
  }

  FileDescriptor top_, last_;
  std::string last_path_;
};

// Where to write an entry: a name in an open folder.
struct Target {
  int folder = -1;
  std::string name;
  std::string path;  // for messages
};

// Files to be read together, and all their chunks.
struct SmallFiles {
  std::vector<tree::EntryRef> entries;
  std::vector<store::ChunkRef> chunks;
  std::uint64_t size = 0;  // bytes
};

class Export {
 public:
  Export(const dataset::OpenStore& store, std::shared_ptr<const tree::Manifest> manifest,
         std::string_view path, fs::path destination, ExportProgress& progress)
      : store_(store),
        manifest_(std::move(manifest)),
        prefix_size_(path.empty() ? 0 : path.size() + 1),
        destination_(std::move(destination)),
        progress_(progress) {}

  void write_folder(tree::EntryRange range);
  void write_single(const tree::EntryRef& entry);

 private:
  Target target_of(std::string_view path, FolderOpener& folders) const {
    std::string_view below = path.substr(prefix_size_);
    const auto [folder, name] = split_path(below);
    return {folders.open(folder), std::string(name), std::string(below)};
  }
  void count_and_divide(tree::EntryRange range);
  void write_stretches();
  void write_stretch(tree::EntryRange stretch, FolderOpener& folders);
  void write_small_files(const SmallFiles& files, FolderOpener& folders);
  void write_entry(const tree::EntryRef& entry, const Target& to);
  void write_file(const tree::EntryRef& entry, const Target& to);
  FileDescriptor create_file(const tree::EntryRef& entry, const Target& to) const;
  void write_hard_link(const tree::EntryRef& entry, const Target& to);
  void make_folders();

  const dataset::OpenStore& store_;
  const std::shared_ptr<const tree::Manifest> manifest_;
  const std::size_t prefix_size_;
  const fs::path destination_;
  ExportProgress& progress_;

  // Set by count_and_divide() before the threads start.
  std::vector<std::pair<std::string, std::int64_t>> folders_;  // path, time
  std::vector<tree::EntryRef> hard_links_;
  std::vector<tree::EntryRange> stretches_;

  std::mutex mutex_;
  std::size_t next_ = 0;        // guarded by mutex_; the next stretch to take
  std::exception_ptr failure_;  // guarded by mutex_
};

void set_time(const Target& target, std::int64_t mtime_ns) {
  std::int64_t seconds = mtime_ns / 1'000'000'000, rest = mtime_ns % 1'000'000'000;
  if (rest < 0) {  // before 1970
    --seconds;
    rest += 1'000'000'000;
  }
  timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, {.tv_sec = seconds, .tv_nsec = rest}};
  if (::utimensat(target.folder, target.name.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0)
    throw system_error(errno, fmt::format("cannot set the time of {}", target.path));
}

bool is_zero(BytesView bytes) {
  return bytes[0] == std::byte{0} &&
         std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

// Writes `data` at `offset` to a new file that will have `size` bytes. Leaves out aligned runs of
// zeros, which become holes.
void write_around_holes(int fd, BytesView data, std::uint64_t offset, std::uint64_t size,
                        const std::string& path) {
  std::size_t begin = 0, at = 0;
  while (at + hole_size <= data.size()) {
    if (!is_zero(data.subspan(at, hole_size))) {
      at += hole_size;
      continue;
    }
    write_at(fd, data.subspan(begin, at - begin), offset + begin, path);
    at += hole_size;
    begin = at;
  }
  write_at(fd, data.subspan(begin), offset + begin, path);
  bool ends_in_hole = begin == data.size() && offset + begin == size && size > 0;
  if (ends_in_hole && ::ftruncate(fd, static_cast<off_t>(size)) != 0)
    throw system_error(errno, fmt::format("cannot write {}", path));
}

FileDescriptor Export::create_file(const tree::EntryRef& entry, const Target& to) const {
  FileDescriptor fd(::openat(to.folder, to.name.c_str(),
                             O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                             entry.executable() ? 0777 : 0666));
  if (!fd) throw system_error(errno, fmt::format("cannot create {}", to.path));
  return fd;
}

void Export::write_file(const tree::EntryRef& entry, const Target& to) {
  thread_local Bytes scratch;
  FileDescriptor fd = create_file(entry, to);
  std::uint64_t size = entry.size();
  for (std::uint64_t offset = 0; offset < size;) {
    BytesView data;
    try {
      data = store_.files->read_file_part(*manifest_, entry, offset, read_size, scratch);
    } catch (const Error& error) {
      throw error.within(entry.path());
    }
    write_around_holes(fd.get(), data, offset, size, to.path);
    offset += data.size();
    progress_.bytes_done += data.size();
  }
  set_time(to, entry.mtime_ns());
}

// A hard link whose first name is not being exported becomes a separate file.
void Export::write_hard_link(const tree::EntryRef& entry, const Target& to) {
  std::optional<tree::EntryRef> first = manifest_->find_path(entry.target());
  if (!first || first->kind() != tree::EntryKind::file)
    fail(ErrorKind::corrupt, "{}: is a hard link to {}, which is not a file", entry.path(),
         entry.target());
  std::string prefix = entry.path().substr(0, prefix_size_);
  if (fs::is_directory(destination_) && entry.target().starts_with(prefix)) {
    FolderOpener folders(destination_);
    Target from = target_of(entry.target(), folders);
    if (::linkat(from.folder, from.name.c_str(), to.folder, to.name.c_str(), 0) == 0) return;
  }
  write_file(*first, to);
}

void Export::write_entry(const tree::EntryRef& entry, const Target& to) {
  switch (entry.kind()) {
    case tree::EntryKind::folder:
      return;  // made by make_folders()
    case tree::EntryKind::symlink:
      if (::symlinkat(std::string(entry.target()).c_str(), to.folder, to.name.c_str()) != 0)
        throw system_error(errno, fmt::format("cannot make the link {}", to.path));
      set_time(to, entry.mtime_ns());
      return;
    case tree::EntryKind::file:
      write_file(entry, to);
      break;
    case tree::EntryKind::hard_link:
      write_hard_link(entry, to);
      break;
  }
  ++progress_.files_done;
}

void Export::write_single(const tree::EntryRef& entry) {
  fs::path folder = destination_.parent_path();
  FolderOpener folders(folder.empty() ? fs::path(".") : folder);
  write_entry(entry, {folders.open(""), destination_.filename().string(), destination_.string()});
}

// Reads all the files' content with one call: in tree order it lies side by side.
void Export::write_small_files(const SmallFiles& files, FolderOpener& folders) {
  thread_local Bytes scratch;
  scratch.resize(files.size);
  try {
    store_.chunks->read_chunks(files.chunks, scratch);
  } catch (const Error&) {
    // One of them is damaged: written file by file, the error names it.
    for (const tree::EntryRef& entry : files.entries)
      write_entry(entry, target_of(entry.path(), folders));
    return;
  }
  BytesView rest = scratch;
  for (const tree::EntryRef& entry : files.entries) {
    Target to = target_of(entry.path(), folders);
    FileDescriptor fd = create_file(entry, to);
    write_around_holes(fd.get(), rest.first(entry.size()), 0, entry.size(), to.path);
    rest = rest.subspan(entry.size());
    set_time(to, entry.mtime_ns());
    progress_.bytes_done += entry.size();
    ++progress_.files_done;
  }
}

void Export::write_stretch(tree::EntryRange stretch, FolderOpener& folders) {
  SmallFiles small;
  tree::EntryCursor cursor(manifest_, stretch);
  while (std::optional<tree::EntryRef> entry = cursor.next()) {
    bool file = entry->kind() == tree::EntryKind::file;
    if (file && entry->size() <= small_file_size_max && !entry->is_in_place()) {
      small.size += entry->size();
      store_.contents->visit_chunks(entry->content(), entry->size(), [&](auto chunks) {
        small.chunks.insert(small.chunks.end(), chunks.begin(), chunks.end());
      });
      small.entries.push_back(std::move(*entry));
      if (small.size < read_size) continue;
      write_small_files(std::exchange(small, {}), folders);
    } else if (file || entry->kind() == tree::EntryKind::symlink) {
      write_entry(*entry, target_of(entry->path(), folders));
    }
  }
  write_small_files(small, folders);
}

// The work of one thread: takes stretches until none are left or a thread has failed.
void Export::write_stretches() {
  FolderOpener folders(destination_);
  for (;;) {
    tree::EntryRange stretch;
    {
      std::lock_guard lock(mutex_);
      if (failure_ || next_ == stretches_.size()) return;
      stretch = stretches_[next_++];
    }
    write_stretch(stretch, folders);
  }
}

void Export::make_folders() {
  FolderOpener opener(destination_);
  for (const auto& [path, time] : folders_) {
    Target to = target_of(path, opener);
    if (::mkdirat(to.folder, to.name.c_str(), 0777) != 0)
      throw system_error(errno, fmt::format("cannot make the folder {}", to.path));
  }
}

// A stretch lies in one folder, since threads that create files in the same folder wait for each
// other.
void Export::count_and_divide(tree::EntryRange range) {
  tree::EntryCursor cursor(manifest_, range);
  std::string folder;
  while (std::optional<tree::EntryRef> entry = cursor.next()) {
    bool same_folder = !stretches_.empty() && entry->folder() == folder;
    if (!same_folder || stretches_.back().count == stretch_entries_max) {
      stretches_.push_back({entry->ordinal(), 0});
      folder = entry->folder();
    }
    ++stretches_.back().count;
    tree::EntryKind kind = entry->kind();
    if (kind == tree::EntryKind::folder) folders_.emplace_back(entry->path(), entry->mtime_ns());
    if (kind == tree::EntryKind::file || kind == tree::EntryKind::hard_link)
      ++progress_.files_total;
    if (kind == tree::EntryKind::file) progress_.bytes_total += entry->size();
    if (kind == tree::EntryKind::hard_link) hard_links_.push_back(std::move(*entry));
  }
}

void Export::write_folder(tree::EntryRange range) {
  count_and_divide(range);
  make_folders();
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < std::clamp(2 * std::thread::hardware_concurrency(), 4u, 8u); ++i)
      threads.emplace_back([&] {
        try {
          write_stretches();
        } catch (...) {  // rethrown by the waiting thread
          std::lock_guard lock(mutex_);
          if (!failure_) failure_ = std::current_exception();
        }
      });
  }
  if (failure_) std::rethrow_exception(failure_);
  FolderOpener opener(destination_);
  for (const tree::EntryRef& entry : hard_links_)
    write_entry(entry, target_of(entry.path(), opener));
  // Deepest first: writing into a folder would change its time again.
  for (auto at = folders_.rbegin(); at != folders_.rend(); ++at)
    set_time(target_of(at->first, opener), at->second);
}

void make_empty_folder(const fs::path& folder) {
  if (::mkdir(folder.c_str(), 0777) == 0) return;
  if (errno != EEXIST)
    throw system_error(errno, fmt::format("cannot make the folder {}", folder.string()));
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored) || !fs::is_empty(folder, ignored))
    fail(ErrorKind::already_exists, "{} exists already and is not an empty folder",
         folder.string());
}

}  // namespace

void export_tree(const dataset::OpenStore& store,
                 const std::shared_ptr<const tree::Manifest>& manifest, std::string_view path,
                 const fs::path& destination, ExportProgress& progress) {
  while (path.ends_with('/')) path.remove_suffix(1);
  std::optional<tree::EntryRef> entry = manifest->find_path(path);
  if (!path.empty() && !entry) fail(ErrorKind::not_found, "there is no {} in this version", path);
  Export exporter(store, manifest, path, destination, progress);
  if (entry && entry->kind() != tree::EntryKind::folder) {
    if (fs::exists(fs::symlink_status(destination)))
      fail(ErrorKind::already_exists, "{} exists already", destination.string());
    progress.files_total = 1;
    progress.bytes_total = entry->size();
    exporter.write_single(*entry);
    return;
  }
  make_empty_folder(destination);
  exporter.write_folder(manifest->subtree(path));
}

}  // namespace grid::care
