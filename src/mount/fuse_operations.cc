#include "mount/fuse_operations.h"

#include <limits.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <new>
#include <string>

#include "base/error.h"
#include "base/timestamp.h"
#include "mount/mount_point.h"

namespace grid::mount {
namespace {

constexpr unsigned read_ahead_max = 1 << 20;
constexpr double for_ever_seconds = 1e9;

mode_t type_bits(NodeKind kind) {
  switch (kind) {
    case NodeKind::folder:
      return S_IFDIR;
    case NodeKind::symlink:
      return S_IFLNK;
    case NodeKind::file:
      break;
  }
  return S_IFREG;
}

mode_t mode_of(const Attributes& attributes) {
  switch (attributes.kind) {
    case NodeKind::folder:
      return S_IFDIR | 0555;
    case NodeKind::symlink:
      return S_IFLNK | 0777;
    case NodeKind::file:
      break;
  }
  return S_IFREG | (attributes.executable ? 0555 : 0444);
}

}  // namespace

double Served::seconds(Validity validity) const {
  switch (validity) {
    case Validity::for_ever:
      return for_ever_seconds;
    case Validity::for_a_moment:
      return std::chrono::duration<double>(filesystem.refresh_interval()).count();
    case Validity::not_at_all:
      break;
  }
  return 0;
}

struct stat Served::stat_of(const Attributes& attributes) const {
  struct stat result {};
  result.st_ino = attributes.node;
  result.st_mode = mode_of(attributes);
  result.st_nlink = attributes.link_count;
  result.st_uid = owner;
  result.st_gid = group;
  result.st_size = static_cast<off_t>(attributes.size);
  result.st_blocks = static_cast<blkcnt_t>((attributes.size + 511) / 512);
  result.st_blksize = 4096;
  result.st_mtim = timespec_of(attributes.mtime_ns);
  result.st_atim = result.st_ctim = result.st_mtim;
  return result;
}

namespace {

Served& served_by(fuse_req_t request) {
  return *static_cast<Served*>(::fuse_req_userdata(request));
}

// To programs, ENOTSUP says that this file system lacks an operation; here it is what a server has
// answered, or a format that this grid does not know.
int errno_for_program(const Error& error) noexcept {
  return error.kind() == ErrorKind::unsupported ? EIO : errno_of(error);
}

// The only try block of the callbacks: turns what `answer` throws into the errno that the program
// sees.
template <class Answer>
void reply(fuse_req_t request, const Answer& answer) noexcept {
  try {
    Served& served = served_by(request);
    const CostTimer timer(served.options.costs, &RequestCostCounters::request_ns);
    count_cost(served.options.costs, &RequestCostCounters::request_count, 1);
    // The kernel sets the read-ahead of the handshake when it gets the answer, so this must come
    // later.
    std::call_once(served.asked, [&] {
      if (served.number != 0) raise_read_ahead(served.number);
    });
    answer(served);
  } catch (const Error& error) {
    ::fuse_reply_err(request, errno_for_program(error));
  } catch (const std::bad_alloc&) {
    ::fuse_reply_err(request, ENOMEM);
  } catch (...) {
    ::fuse_reply_err(request, EIO);
  }
}

// Memory of this thread, reused from one request to the next.
Bytes& scratch() {
  thread_local Bytes bytes;
  return bytes;
}

void on_init(void* user, fuse_conn_info* connection) noexcept {
  Served& served = *static_cast<Served*>(user);
  const unsigned wanted = FUSE_CAP_ASYNC_READ | FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_READDIRPLUS |
                          FUSE_CAP_CACHE_SYMLINKS | FUSE_CAP_NO_OPEN_SUPPORT |
                          FUSE_CAP_NO_OPENDIR_SUPPORT | FUSE_CAP_AUTO_INVAL_DATA;
  // READDIRPLUS_AUTO stays off: find and others list a folder before they look at its first entry;
  // the kernel concludes that attributes are not wanted, and each entry then costs a lookup.
  // 100,000 files with their sizes, cold: 0.4 s instead of 2 to 3; names alone: 0.3 instead of 0.1.
  connection->want = connection->capable & wanted;
  connection->max_readahead = read_ahead_max;
  connection->max_background = 64;
  connection->congestion_threshold = 48;
  connection->time_gran = 1;
  served.opens_without_asking = (connection->want & FUSE_CAP_NO_OPEN_SUPPORT) != 0 &&
                                (connection->want & FUSE_CAP_NO_OPENDIR_SUPPORT) != 0;
  if (served.options.on_ready) served.options.on_ready();
}

fuse_entry_param entry_of(const Served& served, const Attributes& attributes, Validity name,
                          Validity validity) {
  fuse_entry_param entry{};
  entry.ino = attributes.node;
  entry.attr = served.stat_of(attributes);
  entry.entry_timeout = served.seconds(name);
  entry.attr_timeout = served.seconds(validity);
  return entry;
}

void on_lookup(fuse_req_t request, fuse_ino_t parent, const char* name) noexcept {
  reply(request, [&](Served& served) {
    const LookupResult found = served.filesystem.lookup(parent, name);
    if (!found.attributes && std::strlen(name) > NAME_MAX) {
      ::fuse_reply_err(request, ENAMETOOLONG);
      return;
    }
    if (!found.attributes && found.name_validity == Validity::not_at_all) {
      ::fuse_reply_err(request, ENOENT);
      return;
    }
    // An entry without a node means that the name is known to be missing.
    fuse_entry_param entry{};
    entry.entry_timeout = served.seconds(found.name_validity);
    if (found.attributes) {
      entry = entry_of(served, *found.attributes, found.name_validity, found.attributes_validity);
    }
    ::fuse_reply_entry(request, &entry);
  });
}

void on_getattr(fuse_req_t request, fuse_ino_t node, fuse_file_info*) noexcept {
  reply(request, [&](Served& served) {
    const AttributesResult found = served.filesystem.attributes(node);
    const struct stat result = served.stat_of(found.attributes);
    ::fuse_reply_attr(request, &result, served.seconds(found.validity));
  });
}

void on_readlink(fuse_req_t request, fuse_ino_t link) noexcept {
  reply(request, [&](Served& served) {
    const std::string target = served.filesystem.read_link(link);
    if (target.size() >= PATH_MAX)
      ::fuse_reply_err(request, ENAMETOOLONG);
    else
      ::fuse_reply_readlink(request, target.c_str());
  });
}

// ENOSYS tells the kernel to open files by itself from now on. A file's pages then stay cached from
// one open to the next, and opening takes no message.
void on_open(fuse_req_t request, fuse_ino_t, fuse_file_info* file) noexcept {
  reply(request, [&](Served& served) {
    if (served.opens_without_asking) {
      ::fuse_reply_err(request, ENOSYS);
      return;
    }
    file->keep_cache = 1;
    file->noflush = 1;
    ::fuse_reply_open(request, file);
  });
}

void on_opendir(fuse_req_t request, fuse_ino_t, fuse_file_info* file) noexcept {
  reply(request, [&](Served& served) {
    if (served.opens_without_asking) {
      ::fuse_reply_err(request, ENOSYS);
      return;
    }
    ::fuse_reply_open(request, file);
  });
}

void on_read(fuse_req_t request, fuse_ino_t file, std::size_t size, off_t offset,
             fuse_file_info*) noexcept {
  reply(request, [&](Served& served) {
    const BytesView bytes =
        served.filesystem.read_node(file, static_cast<std::uint64_t>(offset), size, scratch());
    ::fuse_reply_buf(request, reinterpret_cast<const char*>(bytes.data()), bytes.size());
  });
}

enum class ListingKind { names, names_with_attributes };

// Appends an entry to `buffer`, of which `used` bytes are in use; false if it does not fit.
bool add_entry(fuse_req_t request, const Served& served, const FolderEntry& found, ListingKind kind,
               Bytes& buffer, std::size_t& used) {
  const std::string name(found.name);  // libfuse needs a terminating NUL
  char* to = reinterpret_cast<char*>(buffer.data()) + used;
  const std::size_t free_size = buffer.size() - used;
  fuse_entry_param entry{};
  if (found.attributes) {
    entry = entry_of(served, *found.attributes, Validity::for_ever, Validity::for_ever);
  } else {
    // Without a node, the kernel keeps only the name and asks for attributes when needed.
    entry.attr.st_ino = found.node;
    entry.attr.st_mode = type_bits(found.kind);
  }
  const auto next = static_cast<off_t>(found.next_offset);
  const std::size_t size =
      kind == ListingKind::names
          ? ::fuse_add_direntry(request, to, free_size, name.c_str(), &entry.attr, next)
          : ::fuse_add_direntry_plus(request, to, free_size, name.c_str(), &entry, next);
  if (size > free_size) return false;
  used += size;
  return true;
}

void reply_listing(fuse_req_t request, fuse_ino_t folder, std::size_t size, off_t offset,
                   ListingKind kind) noexcept {
  reply(request, [&](Served& served) {
    Bytes& buffer = scratch();
    buffer.resize(size);
    std::size_t used = 0;
    served.filesystem.read_folder(folder, static_cast<std::uint64_t>(offset),
                                  [&](const FolderEntry& entry) {
                                    return add_entry(request, served, entry, kind, buffer, used);
                                  });
    ::fuse_reply_buf(request, reinterpret_cast<const char*>(buffer.data()), used);
  });
}

void on_readdir(fuse_req_t request, fuse_ino_t folder, std::size_t size, off_t offset,
                fuse_file_info*) noexcept {
  reply_listing(request, folder, size, offset, ListingKind::names);
}

void on_readdirplus(fuse_req_t request, fuse_ino_t folder, std::size_t size, off_t offset,
                    fuse_file_info*) noexcept {
  reply_listing(request, folder, size, offset, ListingKind::names_with_attributes);
}

void on_statfs(fuse_req_t request, fuse_ino_t node) noexcept {
  reply(request, [&](Served& served) {
    constexpr std::uint64_t unit = 4096;
    const Totals totals = served.filesystem.totals(node);
    struct statvfs result {};
    result.f_bsize = result.f_frsize = unit;
    result.f_blocks = (totals.bytes + unit - 1) / unit;
    result.f_files = totals.entries;
    result.f_namemax = NAME_MAX;
    ::fuse_reply_statfs(request, &result);
  });
}

// libfuse answers ENOSYS for missing operations, and the kernel remembers that: no extended
// attributes, no flush, no fsync. The kernel itself refuses changes with EROFS.
constexpr fuse_lowlevel_ops make_operations() {
  fuse_lowlevel_ops operations{};
  operations.init = on_init;
  operations.lookup = on_lookup;
  operations.getattr = on_getattr;
  operations.readlink = on_readlink;
  operations.open = on_open;
  operations.read = on_read;
  operations.opendir = on_opendir;
  operations.readdir = on_readdir;
  operations.readdirplus = on_readdirplus;
  operations.statfs = on_statfs;
  return operations;
}

}  // namespace

const fuse_lowlevel_ops fuse_operations = make_operations();

}  // namespace grid::mount
