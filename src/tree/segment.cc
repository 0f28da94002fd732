#include "tree/segment.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "store/pack.h"
#include "tree/rules.h"

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
static constexpr unsigned flags_known = 0x1f;
// Texts may be shared, but checking them must not take longer than if they were not.
static constexpr std::uint64_t text_sizes_max = store::frame_size_max;

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

Segment::Segment(Bytes bytes) : bytes_(std::move(bytes)) {
  find_columns();
  check_entries();
}

void Segment::find_columns() {
  auto refuse = [](std::string_view why) { fail(ErrorKind::corrupt, "tree segment: {}", why); };
  if (bytes_.size() < header_size || load<std::uint32_t>(bytes_.data()) != segment_magic)
    refuse("it has no segment header");
  const auto found = load<std::uint16_t>(bytes_.data() + 4);
  if (found != segment_format && found != segment_format_in_place)
    fail(ErrorKind::unsupported,
         "tree segment: has format {}; this program reads formats {} and {}", found, segment_format,
         segment_format_in_place);
  has_files_in_place_ = found == segment_format_in_place;
  auto is_zero = [](std::byte byte) { return byte == std::byte{0}; };
  if (load<std::uint16_t>(bytes_.data() + 6) != 0 ||
      !std::all_of(bytes_.begin() + 20, bytes_.begin() + header_size, is_zero))
    refuse("its header is not zero where it must be");
  count_ = load<std::uint32_t>(bytes_.data() + 8);
  folder_count_ = load<std::uint32_t>(bytes_.data() + 12);
  std::size_t n = count_, f = folder_count_, text_size = load<std::uint32_t>(bytes_.data() + 16);
  if (bytes_.size() != header_size + n * entry_size + f * folder_size + text_size)
    refuse("its length is not what its header says");
  if (n == 0) refuse("it has no entries");
  digests_ = bytes_.data() + header_size;
  sizes_ = digests_ + 32 * n;
  mtimes_ = sizes_ + 8 * n;
  name_offsets_ = mtimes_ + 8 * n;
  folders_ = name_offsets_ + 4 * n;
  name_sizes_ = folders_ + folder_size * f;
  flags_ = name_sizes_ + 2 * n;
  depths_ = flags_ + n;
  heap_ = static_cast<std::size_t>(depths_ + n - bytes_.data());
}

bool Segment::is_in_text(std::uint64_t offset, std::uint64_t size) const {
  const std::size_t text_size = bytes_.size() - heap_;
  return offset <= text_size && size <= text_size - offset;
}

// One pass, without an allocation: it runs for each segment that a reader opens.
void Segment::check_entries() {
  auto refuse = [](std::string_view why) { fail(ErrorKind::corrupt, "tree segment: {}", why); };
  std::uint32_t index = 0;
  std::uint64_t text_sizes = 0;  // of all names, targets and folder paths
  bool any_in_place = false;
  for (std::uint32_t i = 0; i < folder_count_; ++i) {
    const std::byte* record = folders_ + folder_size * i;
    const auto path_size = load<std::uint32_t>(record + 4);
    text_sizes += path_size;
    if (text_sizes > text_sizes_max) refuse("its texts are shared too often");
    if (!is_in_text(load<std::uint32_t>(record), path_size) || !is_valid_folder(folder_path(i)))
      refuse("a folder's path is damaged");
    const std::string_view folder = folder_path(i);
    if (i > 0 && compare_folders(folder_path(i - 1), folder) >= 0)
      refuse("its folders are out of order");
    const std::uint32_t end = i + 1 < folder_count_ ? folder_first(i + 1) : count_;
    if (folder_first(i) != index || end <= index || end > count_) refuse("its folders are damaged");
    for (; index < end; ++index) {
      check_entry(index, folder);
      text_sizes += name(index).size() + target(index).size();
      if (text_sizes > text_sizes_max) refuse("its texts are shared too often");
      any_in_place = any_in_place || is_in_place(index);
      if (index > folder_first(i) && name(index - 1) >= name(index))
        refuse("its entries are out of order");
    }
  }
  if (index != count_) refuse("its folders are damaged");
  if (any_in_place != has_files_in_place_)
    refuse("its format is that of segments with files in place, but it has none");
}

void Segment::check_entry(std::uint32_t index, std::string_view folder) {
  const unsigned flags = std::to_integer<unsigned>(flags_[index]);
  const EntryKind kind = this->kind(index);
  if ((flags & ~flags_known) != 0 || kind < EntryKind::file || kind > EntryKind::hard_link)
    fail(ErrorKind::corrupt, "tree segment: an entry's kind is damaged");
  const std::uint64_t target_size = is_link(kind) ? size(index) : 0;
  const std::uint64_t name_size = load<std::uint16_t>(name_sizes_ + 2 * index);
  if (target_size > bytes_.size() ||
      !is_in_text(load<std::uint32_t>(name_offsets_ + 4 * index), name_size + target_size))
    fail(ErrorKind::corrupt, "tree segment: an entry's name or target is damaged");
  EntryFields fields{.folder = folder,
                     .name = name(index),
                     .kind = kind,
                     .executable = executable(index),
                     .size = size(index),
                     .digest = digests_ + 32 * static_cast<std::size_t>(index),
                     .depth = std::to_integer<std::uint8_t>(depths_[index]),
                     .target = target(index),
                     .object = {}};
  std::string_view why;
  if (is_in_place(index)) {
    static constexpr Digest none{};
    const std::optional<StoredObject> object = find_object(index);
    const std::size_t path_size = folder.size() + (folder.empty() ? 0 : 1) + name_size;
    if (!has_files_in_place_ || !object || object->skipped > path_size)
      why = "has a damaged reference to an object";
    else if (fields.depth != 0 ||
             std::memcmp(fields.digest, none.bytes.data(), sizeof(Digest)) != 0)
      why = "is in place, and has a content too";
    else
      fields.object = {object->bucket, object->key_begin, object->etag, object->version_id,
                       object->key_begin.size() + path_size - object->skipped};
  }
  if (why.empty()) why = why_entry_is_refused(fields);
  if (why.empty()) return;
  if (!is_valid_name(fields.name))  // no message can show it
    fail(ErrorKind::corrupt, "tree segment: an entry of the folder \"{}\" has an invalid name",
         folder);
  fail(ErrorKind::corrupt, "tree segment: {}{}{}: {}", folder, folder.empty() ? "" : "/",
       fields.name, why);
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

std::optional<Segment::StoredObject> Segment::find_object(std::uint32_t index) const {
  std::size_t at = name_end(index);
  if (!is_in_text(at, object_size)) return std::nullopt;
  const std::byte* sizes = bytes_.data() + heap_ + at;
  at += object_size;
  std::size_t all = 0;
  for (int i = 0; i < 4; ++i) all += load<std::uint16_t>(sizes + 2 * i);
  if (!is_in_text(at, all)) return std::nullopt;
  auto next = [&](int which) {
    const std::size_t size = load<std::uint16_t>(sizes + 2 * which);
    return text(std::exchange(at, at + size), size);
  };
  return StoredObject{.bucket = next(0),
                      .key_begin = next(1),
                      .etag = next(2),
                      .version_id = next(3),
                      .skipped = load<std::uint32_t>(sizes + 8)};
}

ObjectRef Segment::object(std::uint32_t index) const {
  if (!is_in_place(index)) return {};
  const StoredObject stored = find_object(index).value();  // the constructor has seen it
  std::string path(folder(index));
  if (!path.empty()) path += '/';
  path += name(index);
  return {.bucket = std::string(stored.bucket),
          .key = std::string(stored.key_begin) + path.substr(stored.skipped),
          .etag = std::string(stored.etag),
          .version_id = std::string(stored.version_id)};
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
