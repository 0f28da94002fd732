#include "backend/local.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
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

LocalBackend::LocalBackend(fs::path root)
    : root_(std::move(root)), open_files_(std::make_unique<OpenFiles>()) {}

LocalBackend::~LocalBackend() = default;

// As the kernel finds it: links and relative parts are resolved, so that however a user spells the
// folder, it is one location.
std::string LocalBackend::location() const {
  std::error_code error;
  fs::path path = fs::weakly_canonical(root_, error);
  if (error) path = root_.lexically_normal();
  return "folder " + (path / "").lexically_normal().string();
}

fs::path LocalBackend::path_of(std::string_view key) const {
  check_key(key);
  return root_ / key;
}

static void sync_folder(const fs::path& folder) {
  FileDescriptor fd = open_file(folder, O_RDONLY | O_DIRECTORY);
  // Some file systems cannot sync a folder and say EINVAL: they have nothing to sync.
  if (::fsync(fd.get()) != 0 && errno != EINVAL)
    throw system_error(errno, fmt::format("cannot sync {}", folder.string()));
}

// 0, or an errno.
static int try_make_synced_folder(const fs::path& folder) {
  if (::mkdir(folder.c_str(), 0777) != 0) return errno == EEXIST ? 0 : errno;
  sync_folder(folder.has_parent_path() ? folder.parent_path() : ".");
  return 0;
}

// The same with the folders above it. Each is tried twice at most: folders in /proc say for ever
// that what is made in them is missing.
static int try_make_synced_folders(const fs::path& folder) {
  const int error = try_make_synced_folder(folder);
  const fs::path above = folder.parent_path();
  if (error != ENOENT || above.empty() || above == folder) return error;
  const int error_above = try_make_synced_folders(above);
  return error_above != 0 ? error_above : try_make_synced_folder(folder);
}

// Makes a folder and those above it, each one durable before anything is put into it.
static void make_synced_folders(const fs::path& folder) {
  if (const int error = try_make_synced_folders(folder); error != 0)
    throw system_error(error, fmt::format("cannot make the folder {}", folder.string()));
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

static bool create_through_named_file(const fs::path& root, const fs::path& path, BytesView data) {
  fs::path temporary = root / "tmp" / random_hex(16);
  make_synced_folders(temporary.parent_path());
  FileDescriptor fd = open_file(temporary, O_WRONLY | O_CREAT | O_EXCL, 0444);
  bool made = false;
  try {
    write_and_sync(fd.get(), data, path);
    made = link_succeeded(::link(temporary.c_str(), path.c_str()), path);
  } catch (const Error&) {
    ::unlink(temporary.c_str());  // it may have filled the disk
    throw;
  }
  ::unlink(temporary.c_str());
  return made;
}

bool LocalBackend::create(std::string_view key, BytesView data) {
  fs::path path = path_of(key);
  fs::path folder = path.parent_path();
  if (::access(path.c_str(), F_OK) == 0) return false;
  FileDescriptor fd(::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0444));
  if (!fd && errno == ENOENT) {
    make_synced_folders(folder);
    fd = FileDescriptor(::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0444));
  }
  bool made = false;
  if (fd) {
    write_and_sync(fd.get(), data, path);
    // linkat() on the descriptor itself needs a privilege; on its name in /proc it does not.
    std::string unnamed = fmt::format("/proc/self/fd/{}", fd.get());
    const int linked =
        ::linkat(AT_FDCWD, unnamed.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW);
    made = linked != 0 && errno == ENOENT  // there is no /proc
               ? create_through_named_file(root_, path, data)
               : link_succeeded(linked, path);
  } else if (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL) {
    made = create_through_named_file(root_, path, data);
  } else {
    throw system_error(errno, fmt::format("cannot write to the store at {}", folder.string()));
  }
  if (made) sync_folder(folder);
  return made;
}

// The one place that says what is an object here: a regular file. Whatever else lies at a key is
// ignored; without O_NONBLOCK, opening a pipe would wait for a writer.
static FileDescriptor find_object(const fs::path& path) {
  FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!fd) {
    // ENXIO: a socket; ELOOP: links that lead to each other.
    if (errno == ENOENT || errno == ENOTDIR || errno == ENXIO || errno == ELOOP) return {};
    throw system_error(errno, fmt::format("cannot open {}", path.string()));
  }
  struct stat st;
  if (::fstat(fd.get(), &st) != 0)
    throw system_error(errno, fmt::format("cannot stat {}", path.string()));
  if (!S_ISREG(st.st_mode)) return {};
  // io_uring would take the flag for a wish not to wait for the disk.
  if (::fcntl(fd.get(), F_SETFL, 0) != 0)
    throw system_error(errno, fmt::format("cannot open {}", path.string()));
  return fd;
}

std::optional<Bytes> LocalBackend::find(std::string_view key) const {
  const fs::path path = path_of(key);
  const FileDescriptor fd = find_object(path);
  if (!fd) return std::nullopt;
  struct stat st;
  if (::fstat(fd.get(), &st) == 0 && static_cast<std::uint64_t>(st.st_size) > whole_object_size_max)
    fail(ErrorKind::corrupt, "{} has {} bytes: no object that is read as a whole has so many",
         path.string(), st.st_size);
  return read_file_bytes(fd.get(), path.native());
}

LocalBackend::OpenFile LocalBackend::open_for_ranges(std::string_view key) const {
  if (OpenFile file = open_files_->find(key)) return file;
  FileDescriptor fd = find_object(path_of(key));
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
  const FileDescriptor file = find_object(path_of(key));
  const FileDescriptor nowhere = open_file("/dev/null", O_WRONLY);
  auto at = static_cast<off_t>(offset);
  while (file && size > 0) {
    const ssize_t got =
        ::sendfile(nowhere.get(), file.get(), &at, std::min<std::uint64_t>(size, step));
    if (got <= 0) return;
    size -= static_cast<std::uint64_t>(got);
  }
}

enum class Lying { object, folder, other, nothing };

// What lies at a path; `nothing` if it was removed since it was listed.
static Lying what_lies(const fs::path& folder, const dirent& entry) {
  if (entry.d_type == DT_REG) return Lying::object;
  if (entry.d_type == DT_DIR) return Lying::folder;
  struct stat st;
  const fs::path path = folder / entry.d_name;
  if (::stat(path.c_str(), &st) != 0)
    return ::lstat(path.c_str(), &st) == 0 ? Lying::other : Lying::nothing;
  return S_ISREG(st.st_mode) ? Lying::object : S_ISDIR(st.st_mode) ? Lying::folder : Lying::other;
}

// Calls visit(name, what lies there) for each name in a folder; does nothing if nothing is there,
// or an object. A listing that breaks off is an error: a short one could hide a tombstone, which
// would bring a deleted version back.
template <class Visit>
static void visit_folder(const fs::path& folder, const Visit& visit) {
  DIR* stream = ::opendir(folder.c_str());
  if (stream == nullptr) {
    const int error = errno;
    struct stat st;
    // Without its slash, or the kernel would follow a link.
    const fs::path itself = folder.has_filename() ? folder : folder.parent_path();
    const bool absent = ::lstat(itself.c_str(), &st) != 0 || S_ISREG(st.st_mode);
    if ((error == ENOENT || error == ENOTDIR) && absent) return;
    throw system_error(error, fmt::format("cannot list {}", folder.string()));
  }
  std::unique_ptr<DIR, int (*)(DIR*)> owner(stream, ::closedir);
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream);
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (const Lying lying = what_lies(folder, *entry); lying != Lying::nothing) visit(name, lying);
  }
  if (errno != 0) throw system_error(errno, fmt::format("cannot list {}", folder.string()));
}

std::vector<ObjectEntry> LocalBackend::list(std::string_view prefix) const {
  std::vector<ObjectEntry> found;
  const fs::path folder = root_ / prefix;
  visit_folder(folder, [&](std::string_view name, Lying lying) {
    struct stat st;
    if (lying == Lying::object &&
        ::stat((folder / name).c_str(), &st) == 0)  // else it was removed since it was listed
      found.push_back(
          {std::string(prefix) + std::string(name), static_cast<std::uint64_t>(st.st_size)});
  });
  std::sort(found.begin(), found.end(),
            [](const ObjectEntry& a, const ObjectEntry& b) { return a.key < b.key; });
  return found;
}

std::vector<std::string> LocalBackend::list_names(std::string_view prefix) const {
  std::vector<std::string> names;
  visit_folder(root_ / prefix, [&](std::string_view name, Lying lying) {
    // Whatever is no object looks like a folder: readers pass it over, and its name is taken.
    names.push_back(std::string(name) + (lying == Lying::object ? "" : "/"));
  });
  if (prefix.empty()) std::erase(names, "tmp/");
  std::sort(names.begin(), names.end());
  return names;
}

bool LocalBackend::remove(std::string_view key) {
  fs::path path = path_of(key);
  open_files_->forget(key);
  struct stat st;
  const int error = ::stat(path.c_str(), &st) == 0 ? 0 : errno;
  if (error == 0 ? !S_ISREG(st.st_mode) : error == ENOENT || error == ENOTDIR || error == ELOOP)
    return false;
  if (::unlink(path.c_str()) == 0) {
    sync_folder(path.parent_path());
    return true;
  }
  if (errno == ENOENT || errno == ENOTDIR) return false;
  throw system_error(errno, fmt::format("cannot remove {}", path.string()));
}

}  // namespace grid::backend
