#include "source/zip_directory.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/text.h"
#include "source/zip_name.h"

namespace grid::source {

namespace {

// libarchive looks for the end of the directory in as many bytes.
constexpr std::uint64_t tail_size = 16 << 10;

// Signatures and sizes of the records, without what follows them: names, extras, comments.
constexpr std::uint32_t member_magic = 0x04034b50, listed_magic = 0x02014b50;
constexpr std::uint32_t end_magic = 0x06054b50;
constexpr std::uint32_t end64_magic = 0x06064b50, locator64_magic = 0x07064b50;
constexpr std::size_t member_header_size = 30, listed_header_size = 46, end_size = 22;
constexpr std::size_t end64_size = 56, locator64_size = 20;
constexpr std::uint32_t is_in_zip64 = 0xffffffff;
constexpr std::uint16_t zip64_extra = 1, unicode_path_extra = 0x7075;

std::uint64_t hash_of(std::string_view name) { return digest_of(as_bytes(name)).prefix(); }

template <class T>
T at(BytesView bytes, std::size_t offset) {
  return load<T>(bytes.data() + offset);
}

// Reads exactly `size` bytes; fewer only at the end.
Bytes read_bytes(ByteStream& stream, std::size_t size) {
  Bytes bytes(size);
  std::size_t done = 0;
  while (done < size) {
    const std::size_t got = stream.read(MutableBytesView(bytes).subspan(done));
    if (got == 0) break;
    done += got;
  }
  bytes.resize(done);
  return bytes;
}

// Cuts the records of a stream into pieces without asking it for each.
class PieceReader {
 public:
  explicit PieceReader(std::unique_ptr<ByteStream> stream) : stream_(std::move(stream)) {}

  // The next bytes, valid until the next call; fewer only at the end.
  BytesView take(std::size_t size) {
    if (held_.size() - at_ < size) {
      held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(at_));
      at_ = 0;
      append(held_, read_bytes(*stream_, std::max(size, read_size) - held_.size()));
    }
    const BytesView piece = BytesView(held_).subspan(at_, std::min(size, held_.size() - at_));
    at_ += piece.size();
    return piece;
  }

 private:
  static constexpr std::size_t read_size = 256 << 10;
  const std::unique_ptr<ByteStream> stream_;
  Bytes held_;
  std::size_t at_ = 0;
};

[[noreturn]] void fail_without_directory() {
  fail(ErrorKind::corrupt, "the archive is damaged or truncated: it is a zip without a directory");
}

// The extra field of this kind, without its header; empty if there is none.
BytesView find_extra(BytesView extras, std::uint16_t kind) {
  while (extras.size() >= 4) {
    const auto size = std::min<std::size_t>(at<std::uint16_t>(extras, 2), extras.size() - 4);
    if (at<std::uint16_t>(extras, 0) == kind) return extras.subspan(4, size);
    extras = extras.subspan(4 + size);
  }
  return {};
}

// Where the directory begins.
std::uint64_t directory_offset(const ZipDirectory::OpenAt& open_at, std::uint64_t size) {
  const std::uint64_t begin = size - std::min(size, tail_size);
  const Bytes tail = read_bytes(*open_at(begin), static_cast<std::size_t>(size - begin));
  if (tail.size() < end_size) fail_without_directory();
  std::size_t end = tail.size() - end_size;
  while (end > 0 && at<std::uint32_t>(tail, end) != end_magic) --end;
  if (at<std::uint32_t>(tail, end) != end_magic) fail_without_directory();
  std::uint64_t offset = at<std::uint32_t>(tail, end + 16);
  if (end < locator64_size || at<std::uint32_t>(tail, end - locator64_size) != locator64_magic)
    return offset;
  const auto end64 = at<std::uint64_t>(tail, end - locator64_size + 8);
  if (end64 >= size) fail_without_directory();
  const Bytes record = read_bytes(*open_at(end64), end64_size);
  if (record.size() < end64_size || at<std::uint32_t>(record, 0) != end64_magic)
    fail_without_directory();
  return at<std::uint64_t>(record, 48);
}

}  // namespace

ZipDirectory::ZipDirectory(OpenAt open_at, std::uint64_t size) : open_at_(std::move(open_at)) {
  const std::uint64_t offset = directory_offset(open_at_, size);
  if (offset >= size) fail_without_directory();
  PieceReader reader(open_at_(offset));
  for (;;) {
    const BytesView header = reader.take(listed_header_size);
    if (header.size() < listed_header_size || at<std::uint32_t>(header, 0) != listed_magic) break;
    Listed listed{.offset = at<std::uint32_t>(header, 42),
                  .year = 1980u + (at<std::uint16_t>(header, 14) >> 9)};
    // In a zip64 extra, the sizes come before the offset, those that the header has no room for.
    std::size_t before = 0;
    for (std::size_t field : {24u, 20u})
      if (at<std::uint32_t>(header, field) == is_in_zip64) before += 8;
    const std::size_t name_size = at<std::uint16_t>(header, 28);
    const std::size_t extra_size = at<std::uint16_t>(header, 30);
    const std::size_t comment_size = at<std::uint16_t>(header, 32);
    const BytesView rest = reader.take(name_size + extra_size + comment_size);
    if (rest.size() < name_size + extra_size) fail_without_directory();
    listed.name_hash = hash_of(as_text(rest.first(name_size)));
    const BytesView extra = find_extra(rest.subspan(name_size, extra_size), zip64_extra);
    if (listed.offset == is_in_zip64 && extra.size() >= before + 8)
      listed.offset = at<std::uint64_t>(extra, before);
    listed_.push_back(listed);
  }
  // As libarchive does: in the order of their bytes, and of those at one place the first.
  std::stable_sort(listed_.begin(), listed_.end(),
                   [](const Listed& a, const Listed& b) { return a.offset < b.offset; });
  listed_.erase(std::unique(listed_.begin(), listed_.end(),
                            [](const Listed& a, const Listed& b) { return a.offset == b.offset; }),
                listed_.end());
}

void ZipDirectory::correct(ArchiveMember& member) {
  if (next_ == listed_.size()) fail_without_directory();
  const Listed& listed = listed_[next_++];
  correct_name(member, listed);
  // A UTC stamp has 32 bits with a sign, which libarchive ignores. The other form of the time shows
  // which of the two was meant.
  static constexpr std::int64_t wrap_ns = (std::int64_t{1} << 32) * 1'000'000'000;
  if (member.mtime_ns >= wrap_ns / 2 && member.mtime_ns < wrap_ns && listed.year < 2038)
    member.mtime_ns -= wrap_ns;
}

void ZipDirectory::correct_name(ArchiveMember& member, const Listed& listed) const {
  if (hash_of(member.path) == listed.name_hash) {
    if (!is_utf8(member.path)) member.path = utf8_of_cp437(member.path);
    return;
  }
  // Either the zip has two names, or libarchive has changed the one: its own header tells.
  PieceReader reader(open_at_(listed.offset));
  const BytesView header = reader.take(member_header_size);
  if (header.size() < member_header_size || at<std::uint32_t>(header, 0) != member_magic)
    fail(ErrorKind::corrupt, "the archive is damaged: the directory leads to no member");
  const std::size_t name_size = at<std::uint16_t>(header, 26);
  const std::size_t extra_size = at<std::uint16_t>(header, 28);
  const BytesView rest = reader.take(name_size + extra_size);
  if (rest.size() < name_size) fail_without_directory();
  const std::string name(as_text(rest.first(name_size)));
  if (hash_of(name) != listed.name_hash)
    fail(ErrorKind::unsupported,
         "the member {} has another name in the zip's directory, so that programs differ in what "
         "they show; unpack the archive and create from the folder; nothing was published",
         member.path);
  // A name in Unicode besides the one in an older encoding: libarchive takes that one.
  if (!find_extra(rest.subspan(name_size), unicode_path_extra).empty()) return;
  member.path = is_utf8(name) ? name : utf8_of_cp437(name);
}

}  // namespace grid::source
