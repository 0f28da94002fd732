// A frame: u32 magic, u32 chunk count, u64 tag of the pack, u64 stored bytes; the digests; u32 size
// of each chunk; the stored bytes. What follows a pack's last frame is left over from earlier
// packs.
#include "store/open_pack_file.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <new>

#include "base/error.h"
#include "base/own_file.h"
#include "base/random.h"
#include "store/codec.h"

namespace grid::store {

namespace fs = std::filesystem;

static constexpr std::uint32_t magic = 0x314b504f;  // "OPK1": the format's number is in it
static constexpr std::size_t header_size = 24, frame_chunk_size = sizeof(Digest) + 4;
// Written at once: one call per frame costs the kernel twice as much.
static constexpr std::size_t frames_at_once = 8;
static constexpr std::string_view name_begin = "open-pack-";

void OpenPackFile::follow(const PackBuilder& pack) noexcept {
  if (pack.frame_count() >= frames_ + frames_at_once) catch_up(pack);
}

void OpenPackFile::catch_up(const PackBuilder& pack) noexcept {
  if (broken_ || path_.empty() || pack.frame_count() == frames_) return;
  try {
    // Others on this machine need not read what is stored.
    if (!fd_) fd_ = open_own_file(path_, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (frames_ == 0) {
      std::array<std::byte, 8> tag{};
      fill_random(tag);
      tag_ = load<std::uint64_t>(tag.data());
      offset_ = 0;
    }
    while (!broken_ && frames_ < pack.frame_count()) write_some(pack);
  } catch (const Error&) {  // it is a hint
    broken_ = true;
  } catch (const std::bad_alloc&) {
    broken_ = true;
  }
}

static Bytes head_of(const FrameView& frame, std::uint64_t tag) {
  Bytes head;
  head.reserve(header_size + frame.digests.size() * frame_chunk_size);
  append(head, magic);
  append(head, static_cast<std::uint32_t>(frame.digests.size()));
  append(head, tag);
  append(head, static_cast<std::uint64_t>(frame.stored.size()));
  for (const Digest& digest : frame.digests) append(head, BytesView(digest.bytes));
  for (std::uint32_t size : frame.sizes) append(head, size);
  return head;
}

void OpenPackFile::write_some(const PackBuilder& pack) {
  std::vector<Bytes> heads;
  std::vector<iovec> pieces;
  std::size_t size = 0;
  const auto add = [&](BytesView piece) {
    pieces.push_back({const_cast<std::byte*>(piece.data()), piece.size()});
    size += piece.size();
  };
  const std::size_t end = std::min(pack.frame_count(), frames_ + frames_at_once);
  heads.reserve(end - frames_);
  for (std::size_t i = frames_; i < end; ++i) {
    heads.push_back(head_of(pack.frame(i), tag_));
    add(heads.back());
    add(pack.frame(i).stored);
  }
  if (::pwritev(fd_.get(), pieces.data(), static_cast<int>(pieces.size()),
                static_cast<off_t>(offset_)) != static_cast<ssize_t>(size)) {
    broken_ = true;  // a full disk, say
    return;
  }
  offset_ += size;
  frames_ = end;
}

void OpenPackFile::remove() noexcept {
  if (!fd_) return;
  std::error_code ignored;
  fs::remove(path_, ignored);
  // A network file system might otherwise still write the bytes when the file is closed.
  [[maybe_unused]] const int emptied = ::ftruncate(fd_.get(), 0);
  fd_.reset();
  frames_ = 0;
}

fs::path open_pack_path(const fs::path& folder, unsigned number) {
  return folder / (std::string(name_begin) + std::to_string(number));
}

std::vector<fs::path> find_open_packs(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code ignored;
  for (fs::directory_iterator at(folder, ignored), end; !ignored && at != end;
       at.increment(ignored))
    if (at->path().filename().native().starts_with(name_begin)) found.push_back(at->path());
  std::sort(found.begin(), found.end());
  return found;
}

namespace {

// A frame as it lies in a file.
struct FrameRecord {
  std::uint64_t tag = 0;
  std::vector<Digest> digests;
  std::vector<std::uint32_t> sizes;
  BytesView stored;
};

// Takes the frame at the front of `bytes`; empty if there is no whole one.
std::optional<FrameRecord> take_record(BytesView& bytes) {
  if (bytes.size() < header_size || load<std::uint32_t>(bytes.data()) != magic) return std::nullopt;
  const std::uint64_t count = load<std::uint32_t>(bytes.data() + 4);
  const auto stored_size = load<std::uint64_t>(bytes.data() + 16);
  FrameRecord record{.tag = load<std::uint64_t>(bytes.data() + 8)};
  BytesView rest = bytes.subspan(header_size);
  if (count == 0 || count > rest.size() / frame_chunk_size) return std::nullopt;
  record.digests.resize(count);
  record.sizes.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::memcpy(record.digests[i].bytes.data(), rest.data() + i * sizeof(Digest), sizeof(Digest));
    record.sizes[i] = load<std::uint32_t>(rest.data() + count * sizeof(Digest) + 4 * i);
  }
  rest = rest.subspan(count * frame_chunk_size);
  if (stored_size > rest.size()) return std::nullopt;
  record.stored = rest.first(stored_size);
  bytes = rest.subspan(stored_size);
  return record;
}

// Whether a frame holds the chunks that it names. `scratch` is memory to be reused by the next
// call.
bool is_sound(const FrameRecord& record, Bytes& scratch) {
  std::uint64_t size = 0;
  for (std::uint32_t chunk_size : record.sizes) {
    if (chunk_size == 0) return false;
    size += chunk_size;
  }
  if (size > frame_size_max || record.stored.empty() || record.stored.size() > size) return false;
  BytesView unpacked = record.stored;
  if (record.stored.size() < size) {
    scratch.resize(size);
    if (!decompress(record.stored, scratch)) return false;
    unpacked = scratch;
  }
  for (std::size_t i = 0; i < record.sizes.size(); ++i) {
    if (digest_of(unpacked.first(record.sizes[i])) != record.digests[i]) return false;
    unpacked = unpacked.subspan(record.sizes[i]);
  }
  return true;
}

}  // namespace

void read_open_pack(const fs::path& path, const std::function<void(const FrameView&)>& take) {
  const std::optional<MappedFile> file = MappedFile::find(path);
  if (!file) return;
  BytesView rest = file->bytes();
  Bytes scratch;
  std::optional<std::uint64_t> tag;
  while (const std::optional<FrameRecord> record = take_record(rest)) {
    if (record->tag != tag.value_or(record->tag) || !is_sound(*record, scratch)) return;
    tag = record->tag;
    take({record->digests, record->sizes, record->stored});
  }
}

}  // namespace grid::store
