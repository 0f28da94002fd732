// A frame is u8 1 and members, or u8 2 and one point.
//   member: u8 kind, u8 flags (1 executable, 2 encrypted, 4 size known), u64 size, i64 mtime,
//     u32 size of the path, the path, u32 size of the target, the target
//   point: u64 members before it, u64 unpacked bytes before its header; for a .tar.gz then u64
//     packed bytes, u64 unpacked bytes, u8 bits, u8 byte, u32 checksum, u32 bytes of the gzip
//     member, the window
#include "source/member_journal.h"

#include <utility>

#include "base/error.h"
#include "base/wire.h"

namespace grid::source {

namespace {

constexpr FrameLog::Format format = {
    .magic = 0x4d454d47, .number = 1, .name = "member journal"};  // "GMEM"
constexpr std::size_t gathered_size_max = 32 << 10;
constexpr std::uint8_t members_frame = 1, point_frame = 2;
constexpr std::uint8_t executable_flag = 1, encrypted_flag = 2, size_flag = 4;
constexpr std::size_t tar_point_size = 2 * 8, gzip_point_size = 2 * 8 + 2 + 2 * 4;

void append_text(Bytes& out, std::string_view text) {
  append(out, static_cast<std::uint32_t>(text.size()));
  append(out, as_bytes(text));
}

std::string read_text(WireReader& reader) { return reader.text(reader.integer<std::uint32_t>()); }

ArchiveMember read_member(WireReader& reader) {
  ArchiveMember member{.kind = static_cast<ArchiveMember::Kind>(reader.integer<std::uint8_t>())};
  const auto flags = reader.integer<std::uint8_t>();
  member.executable = (flags & executable_flag) != 0;
  member.encrypted = (flags & encrypted_flag) != 0;
  const auto size = reader.integer<std::uint64_t>();
  if ((flags & size_flag) != 0) member.size = size;
  member.mtime_ns = reader.integer<std::int64_t>();
  member.path = read_text(reader);
  member.target = read_text(reader);
  return member;
}

MemberJournal::Point read_point(BytesView bytes) {
  WireReader reader(bytes, format.name);
  MemberJournal::Point point{.members = reader.integer<std::uint64_t>()};
  point.at.header = reader.integer<std::uint64_t>();
  if (bytes.size() == tar_point_size) return point;
  GunzipPoint gunzip;
  gunzip.packed = reader.integer<std::uint64_t>();
  gunzip.unpacked = reader.integer<std::uint64_t>();
  gunzip.bits = reader.integer<std::uint8_t>();
  gunzip.byte = reader.integer<std::uint8_t>();
  gunzip.checksum = reader.integer<std::uint32_t>();
  gunzip.member_size = reader.integer<std::uint32_t>();
  const BytesView window = bytes.subspan(tar_point_size + gzip_point_size);
  gunzip.window.assign(window.begin(), window.end());
  point.at.gunzip = std::make_shared<GunzipPoint>(std::move(gunzip));
  return point;
}

}  // namespace

MemberJournal::MemberJournal(const std::filesystem::path& path)
    : log_(path, format,
           [this](BytesView frame, std::uint64_t offset) { take_frame(frame, offset); }) {}

void MemberJournal::take_frame(BytesView frame, std::uint64_t offset) {
  WireReader reader(frame, format.name);
  const auto kind = reader.integer<std::uint8_t>();
  const BytesView content = frame.subspan(1);
  if (kind == point_frame) {
    points_.push_back({load<std::uint64_t>(content.data()), offset + 1, content.size()});
    return;
  }
  frames_.emplace_back(offset + 1, content.size());
  while (!reader.ended()) {
    read_member(reader);
    ++count_;
  }
}

std::optional<ArchiveMember> MemberJournal::next() {
  while (rest_.empty()) {
    if (frame_ == frames_.size()) return std::nullopt;
    const auto& [offset, size] = frames_[frame_++];
    rest_ = log_.bytes().subspan(offset, size);
  }
  WireReader reader(rest_, format.name);
  ArchiveMember member = read_member(reader);
  rest_ = reader.rest();
  return member;
}

std::optional<MemberJournal::Point> MemberJournal::find_point(std::uint64_t members_max) const {
  for (auto place = points_.rbegin(); place != points_.rend(); ++place)
    if (place->members <= members_max)
      return read_point(log_.bytes().subspan(place->offset, place->size));
  return std::nullopt;
}

void MemberJournal::add(const ArchiveMember& member) {
  if (gathered_.empty()) {
    gathered_.reserve(gathered_size_max);
    append(gathered_, members_frame);
  }
  append(gathered_, static_cast<std::uint8_t>(member.kind));
  append(gathered_, static_cast<std::uint8_t>((member.executable ? executable_flag : 0) |
                                              (member.encrypted ? encrypted_flag : 0) |
                                              (member.size ? size_flag : 0)));
  append(gathered_, member.size.value_or(0));
  append(gathered_, member.mtime_ns);
  append_text(gathered_, member.path);
  append_text(gathered_, member.target);
  if (gathered_.size() >= gathered_size_max) flush();
}

void MemberJournal::add(const Point& point) {
  flush();
  Bytes frame;
  frame.reserve(1 + tar_point_size + gzip_point_size + (32 << 10));
  append(frame, point_frame);
  append(frame, point.members);
  append(frame, point.at.header);
  if (point.at.gunzip) {
    const GunzipPoint& gunzip = *point.at.gunzip;
    append(frame, gunzip.packed);
    append(frame, gunzip.unpacked);
    append(frame, gunzip.bits);
    append(frame, gunzip.byte);
    append(frame, gunzip.checksum);
    append(frame, gunzip.member_size);
    append(frame, BytesView(gunzip.window));
  }
  log_.append(frame);
}

void MemberJournal::flush() {
  if (!gathered_.empty()) log_.append(std::exchange(gathered_, {}));
}

}  // namespace grid::source
