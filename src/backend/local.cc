#include "backend/local.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>

#include "base/error.h"
#include "base/lru.h"
#include "base/random.h"

namespace grid::backend {

namespace fs = std::filesystem;

// The files of the latest range reads, so that reading a pack chunk by chunk opens it once. Objects
// never change, so a descriptor never goes stale; that of a removed object lets its current readers
// continue.
struct LocalBackend::OpenFiles {
  std::mutex mutex;
  Lru<std::string, OpenFile, StringHash> files{128};  // by key; guarded by mutex

  OpenFile find(std::string_view key) {
    std::lock_guard lock(mutex);
    const OpenFile* file = files.find(key);
    return file != nullptr ? *file : nullptr;
  }

  void remember(std::string_view key, OpenFile file) {
    std::lock_guard lock(mutex);
    files.add(std::string(key), std::move(file));
  }

  void forget(std::string_view key) {
    std::lock_guard lock(mutex);
    files.remove(key);
  }
};

// Something below the root, for the *at() calls.
struct LocalBackend::Place {
  int folder = AT_FDCWD;
  fs::path path;  // from `folder`
  fs::path name;  // for messages

  Place parent() const {
    fs::path above = path.parent_path();
    return {folder, above.empty() ? "." : std::move(above), name.parent_path()};
  }
  Place operator/(std::string_view below) const { return {folder, path / below, name / below}; }
};

LocalBackend::LocalBackend(fs::path root, Folder folder)
    : root_(std::move(root)), open_files_(std::make_unique<OpenFiles>()) {
  if (folder == Folder::held)
    held_ = FileDescriptor(::open(root_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

LocalBackend::~LocalBackend() = default;

// As the kernel finds it: links and relative parts are resolved, so that however a user spells the
// folder, it is one location.
std::string LocalBackend::location() const {
  std::error_code error;
  fs::path path = fs::weakly_canonical(root_, error);
  if (error) path = root_.lexically_normal();
  return "folder " + (path / "").lexically_normal().string();
}

LocalBackend::Place LocalBackend::place_below(std::string_view below) const {
  if (!held_) return {AT_FDCWD, root_ / below, root_ / below};
  return {held_.get(), below.empty() ? "." : below, root_ / below};
}

LocalBackend::Place LocalBackend::place_of(std::string_view key) const {
  check_key(key);
  return place_below(key);
}

template <class Place>
static FileDescriptor open_at(const Place& place, int flags, mode_t mode = 0) {
  return FileDescriptor(::openat(place.folder, place.path.c_str(), flags | O_CLOEXEC, mode));
}

template <class Place>
static void sync_folder(const Place& folder) {
  const FileDescriptor fd = open_at(folder, O_RDONLY | O_DIRECTORY);
  if (!fd) throw system_error(errno, fmt::format("cannot open {}", folder.name.string()));
  // Some file systems cannot sync a folder and say EINVAL: they have nothing to sync.
  if (::fsync(fd.get()) != 0 && errno != EINVAL)
    throw system_error(errno, fmt::format("cannot sync {}", folder.name.string()));
}

// The mode of a folder that belongs to a group: it has the set-group-ID bit, and the group may
// write. What is made in it is for that group, whatever the umask of the process is. 0: none such.
template <class Place>
static mode_t shared_mode(const Place& folder) {
  struct stat st;
  if (::fstatat(folder.folder, folder.path.c_str(), &st, 0) != 0) return 0;
  constexpr mode_t shared = S_ISGID | S_IWGRP;
  return (st.st_mode & shared) == shared ? st.st_mode & 07777 : 0;
}

template <class Place>
static void open_object_to_group(int fd, const Place& folder) {
  if (const mode_t mode = shared_mode(folder); mode != 0)
    (void)::fchmod(fd, 0440 | (mode & 0004));  // else it is as the umask makes it
}

// 0, or an errno.
template <class Place>
static int try_make_synced_folder(const Place& folder) {
  if (::mkdirat(folder.folder, folder.path.c_str(), 0777) != 0) return errno == EEXIST ? 0 : errno;
  if (const mode_t mode = shared_mode(folder.parent()); mode != 0)
    (void)::fchmodat(folder.folder, folder.path.c_str(), mode, 0);
  sync_folder(folder.parent());
  return 0;
}

// The same with the folders above it. Each is tried twice at most: folders in /proc say for ever
// that what is made in them is missing.
template <class Place>
static int try_make_synced_folders(const Place& folder) {
  const int error = try_make_synced_folder(folder);
  const Place above = folder.parent();
  if (error != ENOENT || above.path == "." || above.path == folder.path) return error;
  const int error_above = try_make_synced_folders(above);
  return error_above != 0 ? error_above : try_make_synced_folder(folder);
}

// Makes a folder and those above it, each one durable before anything is put into it.
template <class Place>
static void make_synced_folders(const Place& folder) {
  if (const int error = try_make_synced_folders(folder); error != 0)
    throw system_error(error, fmt::format("cannot make the folder {}", folder.name.string()));
}

// Throws for anything but success (true) and a taken name (false).
static bool link_succeeded(int result, const fs::path& path) {
  if (result == 0) return true;
  if (errno == EEXIST) return false;
  throw system_error(errno, fmt::format("cannot create {}", path.string()));
}

static void write_and_sync(int fd, BytesView data, const fs::path& path) {
  write_all(fd, data, path.native());
  if (::fdatasync(fd) != 0) throw system_error(errno, fmt::format("cannot sync {}", path.string()));
}

bool LocalBackend::create_through_named_file(const Place& place, BytesView data) {
  const Place temporary = place_below("tmp") / random_hex(16);
  make_synced_folders(temporary.parent());
  const FileDescriptor fd = open_at(temporary, O_WRONLY | O_CREAT | O_EXCL, 0444);
  if (!fd) throw system_error(errno, fmt::format("cannot open {}", temporary.name.string()));
  open_object_to_group(fd.get(), place.parent());
  const auto remove = [&] { ::unlinkat(temporary.folder, temporary.path.c_str(), 0); };
  bool made = false;
  try {
    write_and_sync(fd.get(), data, place.name);
    made = link_succeeded(
        ::linkat(temporary.folder, temporary.path.c_str(), place.folder, place.path.c_str(), 0),
        place.name);
  } catch (const Error&) {
    remove();  // it may have filled the disk
    throw;
  }
  remove();
  return made;
}

bool LocalBackend::create(std::string_view key, BytesView data) {
  const Place place = place_of(key);
  const Place folder = place.parent();
  if (::faccessat(place.folder, place.path.c_str(), F_OK, 0) == 0) return false;
  FileDescriptor fd = open_at(folder, O_TMPFILE | O_WRONLY, 0444);
  if (!fd && errno == ENOENT) {
    make_synced_folders(folder);
    fd = open_at(folder, O_TMPFILE | O_WRONLY, 0444);
  }
  bool made = false;
  if (fd) {
    open_object_to_group(fd.get(), folder);
    write_and_sync(fd.get(), data, place.name);
    // linkat() on the descriptor itself needs a privilege; on its name in /proc it does not.
    std::string unnamed = fmt::format("/proc/self/fd/{}", fd.get());
    const int linked =
        ::linkat(AT_FDCWD, unnamed.c_str(), place.folder, place.path.c_str(), AT_SYMLINK_FOLLOW);
    made = linked != 0 && errno == ENOENT  // there is no /proc
               ? create_through_named_file(place, data)
               : link_succeeded(linked, place.name);
  } else if (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL) {
    made = create_through_named_file(place, data);
  } else {
    throw system_error(errno, fmt::format("cannot write to the store at {}", folder.name.string()));
  }
  if (made) sync_folder(folder);
  return made;
}

// The one place that says what is an object here: a regular file. Whatever else lies at a key is
// ignored; without O_NONBLOCK, opening a pipe would wait for a writer.
template <class Place>
static FileDescriptor find_object(const Place& place) {
  FileDescriptor fd = open_at(place, O_RDONLY | O_NONBLOCK);
  if (!fd) {
    // ENXIO: a socket; ELOOP: links that lead to each other.
    if (errno == ENOENT || errno == ENOTDIR || errno == ENXIO || errno == ELOOP) return {};
    throw system_error(errno, fmt::format("cannot open {}", place.name.string()));
  }
  struct stat st;
  if (::fstat(fd.get(), &st) != 0)
    throw system_error(errno, fmt::format("cannot stat {}", place.name.string()));
  if (!S_ISREG(st.st_mode)) return {};
  // io_uring would take the flag for a wish not to wait for the disk.
  if (::fcntl(fd.get(), F_SETFL, 0) != 0)
    throw system_error(errno, fmt::format("cannot open {}", place.name.string()));
  return fd;
}

std::optional<Bytes> LocalBackend::find(std::string_view key) const {
  // Whether a version was deleted is asked with each file that a server gives: to hear that an
  // object is absent takes no more than a call.
  check_key(key);
  const std::string path = held_ ? std::string(key) : (root_ / key).string();
  if (::faccessat(held_ ? held_.get() : AT_FDCWD, path.c_str(), F_OK, 0) != 0 && errno == ENOENT)
    return std::nullopt;
  const Place place = place_of(key);
  const FileDescriptor fd = find_object(place);
  if (!fd) return std::nullopt;
  struct stat st;
  if (::fstat(fd.get(), &st) == 0 && static_cast<std::uint64_t>(st.st_size) > whole_object_size_max)
    fail(ErrorKind::corrupt, "{} has {} bytes: no object that is read as a whole has so many",
         place.name.string(), st.st_size);
  return read_file_bytes(fd.get(), place.name.native());
}

LocalBackend::OpenFile LocalBackend::open_for_ranges(std::string_view key) const {
  if (OpenFile file = open_files_->find(key)) return file;
  FileDescriptor fd = find_object(place_of(key));
  if (!fd) return nullptr;
  auto file = std::make_shared<const FileDescriptor>(std::move(fd));
  open_files_->remember(key, file);
  return file;
}

std::optional<std::size_t> LocalBackend::find_part(std::string_view key, std::uint64_t offset,
                                                   MutableBytesView out) const {
  OpenFile file = open_for_ranges(key);
  if (!file) return std::nullopt;
  return read_at(file->get(), out, offset, key);
}

// Reading is the fastest way into the page cache: posix_fadvise() reads single pages and takes
// almost twice as long. sendfile() to /dev/null reads the bytes without copying them. It uses a
// descriptor of its own, because the kernel detects sequential reads by descriptor.
void LocalBackend::expect_reads(std::string_view key, std::uint64_t offset,
                                std::uint64_t size) const {
  static constexpr std::size_t step = 1 << 20;
  const FileDescriptor file = find_object(place_of(key));
  const FileDescriptor nowhere = open_file("/dev/null", O_WRONLY);
  auto at = static_cast<off_t>(offset);
  while (file && size > 0) {
    const ssize_t got =
        ::sendfile(nowhere.get(), file.get(), &at, std::min<std::uint64_t>(size, step));
    if (got <= 0) return;
    size -= static_cast<std::uint64_t>(got);
  }
}

// The kernel reads files ahead and evicts them page by page, so that the first and the last byte
// stand for those between them.
bool LocalBackend::is_in_memory(std::string_view key, std::uint64_t offset,
                                std::uint64_t size) const {
  if (size == 0) return true;
  const OpenFile file = open_files_->find(key);  // to open it may take a disk
  if (!file) return false;
  const auto is_here = [&](std::uint64_t at) {
    std::byte byte;
    const iovec into{&byte, 1};
    return ::preadv2(file->get(), &into, 1, static_cast<off_t>(at), RWF_NOWAIT) == 1;
  };
  return is_here(offset) && is_here(offset + size - 1);
}

enum class Lying { object, folder, other, nothing };

// What lies in an open folder; `nothing` if it was removed since it was listed.
static Lying what_lies(int folder, const dirent& entry) {
  if (entry.d_type == DT_REG) return Lying::object;
  if (entry.d_type == DT_DIR) return Lying::folder;
  struct stat st;
  if (::fstatat(folder, entry.d_name, &st, 0) != 0)
    return ::fstatat(folder, entry.d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? Lying::other
                                                                          : Lying::nothing;
  return S_ISREG(st.st_mode) ? Lying::object : S_ISDIR(st.st_mode) ? Lying::folder : Lying::other;
}

// What lies at the place of a folder, itself and not what a link leads to.
template <class Place>
static Lying what_lies_at(const Place& folder) {
  struct stat st;
  // Without its slash, or the kernel would follow a link.
  const fs::path itself = folder.path.has_filename() ? folder.path : folder.path.parent_path();
  if (::fstatat(folder.folder, itself.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0)
    return Lying::nothing;
  return S_ISREG(st.st_mode) ? Lying::object : S_ISDIR(st.st_mode) ? Lying::folder : Lying::other;
}

// Calls visit(folder, name, what lies there) for each name in a folder; does nothing if nothing is
// there, or an object. A listing that breaks off is an error: a short one could hide a tombstone,
// which would bring a deleted version back.
template <class Place, class Visit>
static void visit_folder(const Place& folder, const Visit& visit) {
  FileDescriptor fd = open_at(folder, O_RDONLY | O_DIRECTORY);
  DIR* stream = fd ? ::fdopendir(fd.get()) : nullptr;
  if (stream == nullptr) {
    const int error = errno;
    if (error == ENOENT || error == ENOTDIR) {
      const Lying lying = what_lies_at(folder);
      if (lying != Lying::other) return;  // a folder was made since: nothing was there before
    }
    throw system_error(error, fmt::format("cannot list {}", folder.name.string()));
  }
  const int open_folder = fd.release();
  std::unique_ptr<DIR, int (*)(DIR*)> owner(stream, ::closedir);
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream);
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (const Lying lying = what_lies(open_folder, *entry); lying != Lying::nothing)
      visit(open_folder, entry->d_name, lying);
  }
  if (errno != 0) throw system_error(errno, fmt::format("cannot list {}", folder.name.string()));
}

std::vector<ObjectEntry> LocalBackend::list(std::string_view prefix) const {
  std::vector<ObjectEntry> found;
  visit_folder(place_below(prefix), [&](int folder, const char* name, Lying lying) {
    struct stat st;
    if (lying == Lying::object &&
        ::fstatat(folder, name, &st, 0) == 0)  // else it was removed since it was listed
      found.push_back({std::string(prefix) + name, static_cast<std::uint64_t>(st.st_size)});
  });
  std::sort(found.begin(), found.end(),
            [](const ObjectEntry& a, const ObjectEntry& b) { return a.key < b.key; });
  return found;
}

std::vector<std::string> LocalBackend::list_names(std::string_view prefix) const {
  std::vector<std::string> names;
  visit_folder(place_below(prefix), [&](int, const char* name, Lying lying) {
    // Whatever is no object looks like a folder: readers pass it over, and its name is taken.
    names.push_back(std::string(name) + (lying == Lying::object ? "" : "/"));
  });
  if (prefix.empty()) std::erase(names, "tmp/");
  std::sort(names.begin(), names.end());
  return names;
}

bool LocalBackend::remove(std::string_view key) {
  const Place place = place_of(key);
  open_files_->forget(key);
  struct stat st;
  const int error = ::fstatat(place.folder, place.path.c_str(), &st, 0) == 0 ? 0 : errno;
  if (error == 0 ? !S_ISREG(st.st_mode) : error == ENOENT || error == ENOTDIR || error == ELOOP)
    return false;
  if (::unlinkat(place.folder, place.path.c_str(), 0) == 0) {
    sync_folder(place.parent());
    return true;
  }
  if (errno == ENOENT || errno == ENOTDIR) return false;
  throw system_error(errno, fmt::format("cannot remove {}", place.name.string()));
}

}  // namespace grid::backend
