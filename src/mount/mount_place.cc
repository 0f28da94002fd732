// A path is followed as the kernel follows it, link by link, and each folder on the way is known by
// its device and inode, which are the same through a bind mount. A mount covers an own folder if
// its own place is on the way there.
#include "mount/mount_place.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "base/file.h"

namespace grid::mount {

namespace fs = std::filesystem;

namespace {

struct FolderIdentity {
  dev_t device = 0;
  ino_t inode = 0;

  bool operator==(const FolderIdentity&) const = default;
};

struct Way {
  std::vector<FolderIdentity> passed;  // from "/" on, each once or more
  bool is_whole = false;  // false: something on the way is missing or may not be entered

  bool passes(const FolderIdentity& folder) const {
    return std::find(passed.begin(), passed.end(), folder) != passed.end();
  }
};

// The names still to be followed, the next one last.
void put_before(std::vector<std::string>& names, const fs::path& path) {
  std::vector<std::string> more;
  for (const fs::path& name : path.relative_path()) more.push_back(name.string());
  names.insert(names.end(), more.rbegin(), more.rend());
}

FileDescriptor open_root() { return FileDescriptor(::open("/", O_PATH | O_CLOEXEC)); }

std::string target_of(const FileDescriptor& link) {
  std::string target(PATH_MAX, '\0');
  const ssize_t size = ::readlinkat(link.get(), "", target.data(), target.size());
  target.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return target;
}

Way way_to(const fs::path& path) {
  constexpr int links_max = 40;  // as in the kernel
  Way way;
  std::vector<std::string> names;
  put_before(names, path);
  FileDescriptor at = open_root();
  struct stat found {};
  if (::fstat(at.get(), &found) == 0) way.passed.push_back({found.st_dev, found.st_ino});
  for (int links = 0; !names.empty() && links <= links_max;) {
    const std::string name = std::move(names.back());
    names.pop_back();
    if (name.empty()) continue;
    FileDescriptor next(::openat(at.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!next || ::fstat(next.get(), &found) != 0) return way;
    if (S_ISLNK(found.st_mode)) {
      const fs::path target = target_of(next);
      ++links;
      put_before(names, target);
      if (target.is_absolute()) at = open_root();
      continue;
    }
    way.passed.push_back({found.st_dev, found.st_ino});
    at = std::move(next);
  }
  way.is_whole = names.empty();
  return way;
}

}  // namespace

std::optional<OwnFolder> find_own_folder_at(const fs::path& folder,
                                            std::span<const OwnFolder> own) {
  const Way mount = way_to(folder);
  for (const OwnFolder& candidate : own) {
    const Way way = way_to(candidate.path);
    if ((mount.is_whole && way.passes(mount.passed.back())) ||
        (way.is_whole && mount.passes(way.passed.back())))
      return candidate;
  }
  return std::nullopt;
}

}  // namespace grid::mount
