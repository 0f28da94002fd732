#include "server/partial_objects.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "base/error.h"
#include "base/own_file.h"

namespace grid::server {

namespace fs = std::filesystem;

static constexpr auto kept_for = std::chrono::hours(24);

std::uint64_t PartialObjects::received(const Digest& digest) const {
  std::error_code absent;
  const std::uintmax_t size = fs::file_size(path_of(digest), absent);
  return absent ? 0 : size;
}

std::shared_ptr<BodyFile> PartialObjects::open(const Digest& digest, std::uint64_t offset) const {
  make_private_folders(folder_);
  if (offset == 0) sweep();
  FileDescriptor file = open_own_file(path_of(digest), O_RDWR | O_CREAT, private_file_mode);
  // The lock goes with the descriptor.
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK)
      throw system_error(errno, "cannot lock what has arrived of an object");
    fail(ErrorKind::unavailable, "another request sends this object now");
  }
  const off_t size = ::lseek(file.get(), 0, SEEK_END);
  if (size < 0) throw system_error(errno, "cannot read what has arrived of an object");
  if (offset > static_cast<std::uint64_t>(size))
    fail(ErrorKind::changed, "{} bytes of the object have arrived, not {}", size, offset);
  if (::ftruncate(file.get(), static_cast<off_t>(offset)) != 0 ||
      ::lseek(file.get(), static_cast<off_t>(offset), SEEK_SET) < 0)
    throw system_error(errno, "cannot write what arrives of an object");
  return std::make_shared<BodyFile>(std::move(file), offset);
}

void PartialObjects::remove(const Digest& digest) const {
  std::error_code ignored;
  fs::remove(path_of(digest), ignored);
}

// A link that leads to what is kept for the pack.
fs::path PartialObjects::note_of(const store::PackId& pack) const {
  return folder_ / ("pack-" + pack.hex());
}

void PartialObjects::keep_for(const store::PackId& pack, const Digest& digest) const {
  std::error_code failed;
  fs::create_symlink(digest.hex(), note_of(pack), failed);
  if (failed) remove(digest);
}

void PartialObjects::pack_is_whole(const store::PackId& pack) const {
  std::error_code absent;
  const fs::path kept = fs::read_symlink(note_of(pack), absent);
  if (absent) return;
  if (const std::optional<Digest> digest = parse_digest(kept.native())) remove(*digest);
  fs::remove(note_of(pack), absent);
}

void PartialObjects::sweep() const {
  std::error_code ignored;
  const auto oldest = fs::file_time_type::clock::now() - kept_for;
  for (fs::directory_iterator at(folder_, ignored), end; !ignored && at != end;
       at.increment(ignored)) {
    std::error_code gone;
    // A note whose object is gone has no time of its own.
    if (fs::last_write_time(at->path(), gone) < oldest || gone) fs::remove(at->path(), gone);
  }
}

}  // namespace grid::server
