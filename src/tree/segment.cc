#include "tree/segment.h"

#include <algorithm>
#include <cassert>

#include "base/error.h"

namespace grid::tree {

// A segment, all integers little-endian, n entries, f folders, h bytes of text:
//   magic "GSEG", u16 format, u16 zero, u32 n, u32 f, u32 h, 12 zero bytes
//   n × 32 content digest, n × u64 size, n × i64 mtime, n × u32 offset of the name in the text
//   f × (u32 offset of the path in the text, u32 its length, u32 index of its first entry)
//   n × u16 length of the name, n × u8 kind (bits 0-2), executable (bit 3) and in place (bit 4),
//   n × u8 depth
//   h bytes of text; a link's target, `size` bytes, follows its name; so does the object of a file
//   in place: u16 b, u16 k, u16 e, u16 v, u32 s, the b bytes of the bucket, k of the key's
//   beginning, e of the ETag, v of the version id. The key continues with the path without its
//   first s bytes. Format 1 is for segments without such files.
static constexpr std::uint32_t segment_magic = 0x47455347;  // "GSEG"
static constexpr std::uint16_t segment_format = 1, segment_format_in_place = 2;
static constexpr std::size_t object_size = 4 * 2 + 4;
static constexpr std::size_t header_size = 32;
static constexpr std::size_t entry_size = 32 + 8 + 8 + 4 + 2 + 1 + 1;
static constexpr std::size_t folder_size = 12;

static bool is_link(EntryKind kind) {
  return kind == EntryKind::symlink || kind == EntryKind::hard_link;
}

// Most keys end like the path; that part is not stored twice.
static void append_object(Bytes& text, const ObjectRef& object, std::string_view path) {
  const std::string& key = object.key;
  const auto same = static_cast<std::size_t>(
      std::mismatch(key.rbegin(), key.rend(), path.rbegin(), path.rend()).first - key.rbegin());
  const std::string_view key_begin = std::string_view(key).substr(0, key.size() - same);
  for (std::string_view part :
       {std::string_view(object.bucket), key_begin, std::string_view(object.etag),
        std::string_view(object.version_id)}) {
    if (part.size() > UINT16_MAX)
      fail(ErrorKind::unsupported, "{}: its object's name is too long", path);
    append(text, static_cast<std::uint16_t>(part.size()));
  }
  append(text, static_cast<std::uint32_t>(path.size() - same));
  for (std::string_view part : {std::string_view(object.bucket), key_begin,
                                std::string_view(object.etag), std::string_view(object.version_id)})
    append(text, as_bytes(part));
}

Bytes encode_segment(const std::vector<Entry>& entries) {
  Bytes digests, sizes, mtimes, offsets, folders, name_sizes, flags, depths, text;
  bool any_in_place = false;
  const std::string* folder = nullptr;
  std::uint32_t folder_count = 0, index = 0;
  for (const Entry& entry : entries) {
    assert(is_valid_name(entry.name));
    if (folder == nullptr || *folder != entry.folder) {
      folder = &entry.folder;
      append(folders, static_cast<std::uint32_t>(text.size()));
      append(folders, static_cast<std::uint32_t>(folder->size()));
      append(folders, index);
      append(text, as_bytes(*folder));
      ++folder_count;
    }
    const bool in_place = entry.is_in_place();
    any_in_place = any_in_place || in_place;
    const Content content = in_place ? Content{} : entry.content;
    append(digests, BytesView(content.digest.bytes));
    append(sizes, is_link(entry.kind) ? std::uint64_t{entry.target.size()} : entry.size);
    append(mtimes, entry.mtime_ns);
    append(offsets, static_cast<std::uint32_t>(text.size()));
    append(name_sizes, static_cast<std::uint16_t>(entry.name.size()));
    append(flags, static_cast<std::uint8_t>(static_cast<unsigned>(entry.kind) |
                                            (entry.executable ? 8u : 0u) | (in_place ? 16u : 0u)));
    append(depths, content.depth);
    append(text, as_bytes(entry.name));
    append(text, as_bytes(entry.target));
    if (in_place) append_object(text, entry.object, entry.path());
    ++index;
  }
  Bytes out;
  out.reserve(header_size + entries.size() * entry_size + folders.size() + text.size());
  append(out, segment_magic);
  append(out, any_in_place ? segment_format_in_place : segment_format);
  append(out, std::uint16_t{0});
  append(out, index);
  append(out, folder_count);
  append(out, static_cast<std::uint32_t>(text.size()));
  for (int i = 0; i < 3; ++i) append(out, std::uint32_t{0});
  for (const Bytes* column :
       {&digests, &sizes, &mtimes, &offsets, &folders, &name_sizes, &flags, &depths, &text})
    append(out, BytesView(*column));
  return out;
}

static bool is_valid_folder(std::string_view path) {
  while (!path.empty()) {
    std::size_t slash = path.find('/');
    if (!is_valid_name(path.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
    if (path.empty()) return false;
  }
  return true;
}

Segment::Segment(Bytes bytes) : bytes_(std::move(bytes)) {
  auto refuse = [](std::string_view why) { fail(ErrorKind::corrupt, "tree segment: {}", why); };
  if (bytes_.size() < header_size || load<std::uint32_t>(bytes_.data()) != segment_magic)
    refuse("it has no segment header");
  const auto found = load<std::uint16_t>(bytes_.data() + 4);
  if (found != segment_format && found != segment_format_in_place)
    fail(ErrorKind::unsupported,
         "tree segment: has format {}; this program reads formats {} and {}", found, segment_format,
         segment_format_in_place);
  count_ = load<std::uint32_t>(bytes_.data() + 8);
  folder_count_ = load<std::uint32_t>(bytes_.data() + 12);
  std::size_t n = count_, f = folder_count_, text_size = load<std::uint32_t>(bytes_.data() + 16);
  if (bytes_.size() != header_size + n * entry_size + f * folder_size + text_size)
    refuse("its length is not what its header says");
  digests_ = bytes_.data() + header_size;
  sizes_ = digests_ + 32 * n;
  mtimes_ = sizes_ + 8 * n;
  name_offsets_ = mtimes_ + 8 * n;
  folders_ = name_offsets_ + 4 * n;
  name_sizes_ = folders_ + folder_size * f;
  flags_ = name_sizes_ + 2 * n;
  depths_ = flags_ + n;
  heap_ = static_cast<std::size_t>(depths_ + n - bytes_.data());

  auto inside = [&](std::uint64_t offset, std::uint64_t size) {
    return offset <= text_size && size <= text_size - offset;
  };
  std::uint32_t index = 0;
  for (std::uint32_t i = 0; i < folder_count_; ++i) {
    const std::byte* record = folders_ + folder_size * i;
    if (!inside(load<std::uint32_t>(record), load<std::uint32_t>(record + 4)) ||
        !is_valid_folder(folder_path(i)))
      refuse("a folder's path is damaged");
    if (i > 0 && compare_folders(folder_path(i - 1), folder_path(i)) >= 0)
      refuse("its folders are out of order");
    std::uint32_t end = i + 1 < folder_count_ ? folder_first(i + 1) : count_;
    if (folder_first(i) != index || end <= index || end > count_) refuse("its folders are damaged");
    for (; index < end; ++index) {
      std::uint64_t name_size = load<std::uint16_t>(name_sizes_ + 2 * index);
      std::uint64_t offset = load<std::uint32_t>(name_offsets_ + 4 * index);
      unsigned number = std::to_integer<unsigned>(flags_[index]) & 7;
      if (number < 1 || number > 4) refuse("an entry's kind is damaged");
      std::uint64_t target_size = is_link(kind(index)) ? size(index) : 0;
      if (target_size > text_size || !inside(offset, name_size + target_size) ||
          !is_valid_name(name(index)))
        refuse("an entry's name is damaged");
      if (is_in_place(index) && (found != segment_format_in_place ||
                                 kind(index) != EntryKind::file || !has_whole_object(index)))
        refuse("an entry's object is damaged");
      if (index > folder_first(i) && name(index - 1) >= name(index))
        refuse("its entries are out of order");
    }
  }
  if (index != count_) refuse("its folders are damaged");
}

std::string_view Segment::folder_path(std::uint32_t folder_index) const {
  const std::byte* record = folders_ + folder_size * folder_index;
  return text(load<std::uint32_t>(record), load<std::uint32_t>(record + 4));
}

// The offset in the text at which an entry's name ends.
std::size_t Segment::name_end(std::uint32_t index) const {
  return load<std::uint32_t>(name_offsets_ + 4 * index) +
         load<std::uint16_t>(name_sizes_ + 2 * index);
}

bool Segment::has_whole_object(std::uint32_t index) const {
  const std::size_t begin = name_end(index), text_size = bytes_.size() - heap_;
  if (text_size - begin < object_size) return false;
  const std::byte* object = bytes_.data() + heap_ + begin;
  std::size_t size = object_size;
  for (int i = 0; i < 4; ++i) size += load<std::uint16_t>(object + 2 * i);
  const std::size_t path_size =
      folder(index).size() + (folder(index).empty() ? 0 : 1) + name(index).size();
  return load<std::uint16_t>(object) > 0 && size <= text_size - begin &&
         load<std::uint32_t>(object + 8) <= path_size;
}

ObjectRef Segment::object(std::uint32_t index) const {
  if (!is_in_place(index)) return {};
  std::size_t at = name_end(index);
  const std::byte* sizes = bytes_.data() + heap_ + at;
  at += object_size;
  auto next = [&](int which) {
    const std::size_t size = load<std::uint16_t>(sizes + 2 * which);
    return std::string(text(std::exchange(at, at + size), size));
  };
  ObjectRef object{.bucket = next(0), .key = next(1), .etag = next(2), .version_id = next(3)};
  std::string path(folder(index));
  if (!path.empty()) path += '/';
  path += name(index);
  object.key += std::string_view(path).substr(load<std::uint32_t>(sizes + 8));
  return object;
}

Content Segment::content(std::uint32_t index) const {
  if (is_in_place(index)) return source::content_in_place(object(index), size(index));
  Content content;
  std::memcpy(content.digest.bytes.data(), digests_ + 32 * static_cast<std::size_t>(index), 32);
  content.depth = std::to_integer<std::uint8_t>(depths_[index]);
  return content;
}

std::string_view Segment::target(std::uint32_t index) const {
  if (!is_link(kind(index))) return {};
  return text(name_end(index), size(index));
}

std::string_view Segment::folder(std::uint32_t index) const {
  std::uint32_t low = 0, high = folder_count_;  // the last folder that begins at or before index
  while (high - low > 1) {
    std::uint32_t middle = low + (high - low) / 2;
    (folder_first(middle) <= index ? low : high) = middle;
  }
  return folder_path(low);
}

Entry Segment::entry(std::uint32_t index) const {
  return {.folder = std::string(folder(index)),
          .name = std::string(name(index)),
          .kind = kind(index),
          .executable = executable(index),
          .size = size(index),
          .mtime_ns = mtime_ns(index),
          .content = content(index),
          .target = std::string(target(index)),
          .object = object(index)};
}

std::uint32_t Segment::lower_bound(std::string_view folder, std::string_view name_wanted) const {
  std::uint32_t low = 0, high = folder_count_;  // the first folder that is not before `folder`
  while (low < high) {
    std::uint32_t middle = low + (high - low) / 2;
    if (compare_folders(folder_path(middle), folder) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  if (low == folder_count_) return count_;
  std::uint32_t first = folder_first(low);
  if (folder_path(low) != folder) return first;
  std::uint32_t end = low + 1 < folder_count_ ? folder_first(low + 1) : count_;
  while (first < end) {
    std::uint32_t middle = first + (end - first) / 2;
    if (name(middle) < name_wanted)
      first = middle + 1;
    else
      end = middle;
  }
  return first;
}

std::shared_ptr<const Segment> SegmentCache::get(const store::ChunkReader& chunks,
                                                 const Digest& digest, std::uint32_t size) {
  {
    std::lock_guard lock(mutex_);
    if (const auto* segment = segments_.find(digest)) return *segment;
  }
  Bytes bytes(size);
  store::ChunkRef ref{digest, size};
  chunks.read_chunks(std::span(&ref, 1), bytes);
  auto segment = std::make_shared<const Segment>(std::move(bytes));
  std::lock_guard lock(mutex_);
  return segments_.add(digest, segment, segment->memory_size());
}

}  // namespace grid::tree
