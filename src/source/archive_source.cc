#include "source/archive_source.h"

#include <tuple>

#include "base/digest.h"
#include "base/error.h"
#include "base/text.h"

namespace grid::source {

// What even an empty member counts: the header of a tar.
static constexpr std::uint64_t member_size = 512;

std::string path_of_member(std::string_view written) {
  if (written.starts_with('/'))
    fail(ErrorKind::unsupported, "its path is absolute; nothing was published");
  std::string path;
  while (!written.empty()) {
    const std::string_view name = take_until(written, '/');
    if (name.empty() || name == ".") continue;
    if (name == "..") fail(ErrorKind::unsupported, "its path leads upwards; nothing was published");
    if (name.find('\0') != name.npos)
      fail(ErrorKind::unsupported, "its path has a zero byte in it; nothing was published");
    if (!path.empty()) path += '/';
    path += name;
  }
  return path;
}

// Why a version cannot hold this kind; empty if it can.
static std::string_view unsupported_kind(ArchiveMember::Kind kind) {
  switch (kind) {
    case ArchiveMember::Kind::device:
      return "is a device";
    case ArchiveMember::Kind::pipe:
      return "is a named pipe";
    case ArchiveMember::Kind::socket:
      return "is a socket";
    case ArchiveMember::Kind::unknown:
      return "is of an unknown kind";
    default:
      return "";
  }
}

// Includes the name, since some servers make validators of size and time alone.
static std::optional<Digest> digest_of_state(const ArchiveBytes& archive) {
  if (!archive.state) return std::nullopt;
  Bytes which;
  append(which, archive.state->size);
  append(which, archive.state->mtime_ns);
  append(which, archive.state->ctime_ns);
  append(which, archive.state->inode);
  append(which, as_bytes(archive.stream->name()));
  return digest_of(which);
}

ArchiveSource::ArchiveSource(ArchiveBytes bytes, ArchiveLimits limits,
                             const std::filesystem::path& journals)
    : name_(bytes.stream->name()),
      limits_(limits),
      state_(digest_of_state(bytes)),
      ctime_ns_(bytes.state ? bytes.state->ctime_ns : 0),
      archive_(std::move(bytes), journals) {}

// Includes the limits: within others the archive might be refused.
std::optional<Digest> ArchiveSource::identity() const {
  if (!state_) return std::nullopt;
  Bytes which;
  append(which, BytesView(state_->bytes));
  append(which, limits_.size_max.value_or(UINT64_MAX));
  append(which, limits_.files_max.value_or(UINT64_MAX));
  return digest_of(which);
}

// A member is unchanged if it is still the n-th of an unchanged archive.
void ArchiveSource::settle(SourceEntry& entry) const {
  if (!state_) return;
  Bytes which;
  append(which, BytesView(state_->bytes));
  append(which, members_);
  entry.state.ctime_ns = ctime_ns_;
  entry.state.inode = digest_of(which).prefix();
  entry.settled = true;
}

void ArchiveSource::count(std::uint64_t size) {
  size_ += size;
  if (limits_.size_max && size_ > *limits_.size_max)
    fail(ErrorKind::unsupported,
         "with it the archive unpacks to more than the {} bytes of --max-size; nothing was "
         "published",
         *limits_.size_max);
  if (limits_.size_max || size_ <= archive_size_trusted) return;
  if (size_ / archive_expansion_max > archive_.archive_size())
    fail(ErrorKind::unsupported,
         "with it the archive unpacks to more than {} times its size, as only a bomb does; "
         "nothing was published (--max-size SIZE allows it up to that size)",
         archive_expansion_max);
}

std::optional<SourceEntry> ArchiveSource::take(ArchiveMember member,
                                               std::vector<Problem>& problems) {
  std::string path = path_of_member(member.path);
  if (member.encrypted)
    fail(ErrorKind::unsupported,
         "it is encrypted; unpack the archive and create from the folder; nothing was published");
  if (limits_.files_max && ++files_ > *limits_.files_max)
    fail(ErrorKind::unsupported,
         "with it the archive has more than the {} members of --max-files; nothing was published",
         *limits_.files_max);
  if (!limits_.size_max) count(member_size);
  if (path.empty()) {
    if (member.kind == ArchiveMember::Kind::folder) {  // "./"
      top_mtime_ns_ = member.mtime_ns;
      return std::nullopt;
    }
    fail(ErrorKind::unsupported, "it has no name; nothing was published");
  }
  if (std::string_view kind = unsupported_kind(member.kind); !kind.empty()) {
    problems.push_back({path, std::string(kind), /*unsupported=*/true});
    return std::nullopt;
  }
  SourceEntry entry;
  std::tie(entry.entry.folder, entry.entry.name) = split_path(path);
  entry.entry.mtime_ns = entry.state.mtime_ns = member.mtime_ns;
  switch (member.kind) {
    case ArchiveMember::Kind::folder:
      entry.entry.kind = EntryKind::folder;
      break;
    case ArchiveMember::Kind::symlink:
      entry.entry.kind = EntryKind::symlink;
      entry.entry.target = member.target;
      break;
    case ArchiveMember::Kind::hard_link:
      entry.entry.kind = EntryKind::hard_link;
      entry.entry.target = path_of_member(member.target);
      break;
    default:
      entry.entry.executable = member.executable;
      entry.state.size = entry.entry.size = member.size.value_or(0);
      entry.stream = this;
      if (member.size) settle(entry);
  }
  if (entry.entry.kind != EntryKind::file) entry.entry.size = entry.entry.target.size();
  return entry;
}

std::optional<SourceEntry> ArchiveSource::next(std::vector<Problem>& problems) {
  for (;;) {
    std::optional<ArchiveMember> member;
    try {
      member = archive_.next();
    } catch (const Error& error) {  // the noun is known here
      if (member_.empty()) throw error.within(name_);
      throw error.within(fmt::format("{}: at or after {}", name_, member_));
    }
    if (!member) return std::nullopt;
    member_ = member->path;
    ++members_;
    try {
      if (std::optional<SourceEntry> entry = take(std::move(*member), problems)) return entry;
    } catch (const Error& error) {  // the noun is known here
      throw error.within(name());
    }
  }
}

std::size_t ArchiveSource::read(MutableBytesView out) {
  try {
    std::size_t size = archive_.read(out);
    count(size);
    return size;
  } catch (const Error& error) {  // the noun is known here
    throw error.within(name());
  }
}

void ArchiveSource::pass(std::uint64_t size) {
  try {
    count(size);
  } catch (const Error& error) {  // the noun is known here
    throw error.within(name());
  }
}

}  // namespace grid::source
