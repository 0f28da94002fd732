#include "store/pack.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "base/error.h"

namespace grid::store {

// The index object, all integers little-endian:
//   magic "GPIX", u16 format, u16 zero, u32 frame count, u32 chunk count, u64 size of the data
//   object; frames: u32 chunk count, u32 stored size; digests; u32 chunk sizes; BLAKE3 of all that.
static constexpr std::uint32_t index_magic = 0x58495047;  // "GPIX"
static constexpr std::uint16_t index_format = 1;
static constexpr std::size_t index_header_size = 24;
static constexpr std::size_t frame_record_size = 8;
static constexpr std::size_t chunk_record_size = sizeof(Digest) + 4;

void PackBuilder::add(const Digest& digest, BytesView chunk, Compressor& compressor) {
  grid::append(data_, chunk);
  digests_.push_back(digest);
  sizes_.push_back(static_cast<std::uint32_t>(chunk.size()));
  if (data_.size() - frame_begin_ >= frame_size_target) close_frame(compressor);
}

void PackBuilder::close_frame(Compressor& compressor) {
  if (frame_first_chunk_ == sizes_.size()) return;
  BytesView frame = BytesView(data_).subspan(frame_begin_);
  if (compressor.compress(frame, compressed_)) {
    data_.resize(frame_begin_);
    grid::append(data_, compressed_);
  }
  add_frame(sizes_.size() - frame_first_chunk_, data_.size() - frame_begin_);
}

// Makes a frame of what stands at the end of data_ and sizes_.
void PackBuilder::add_frame(std::size_t chunk_count, std::size_t stored_size) {
  frames_.push_back({.first_chunk = frame_first_chunk_,
                     .begin = frame_begin_,
                     .chunk_count = static_cast<std::uint32_t>(chunk_count),
                     .stored_size = static_cast<std::uint32_t>(stored_size)});
  frame_begin_ += stored_size;
  frame_first_chunk_ += chunk_count;
}

void PackBuilder::append(const PackBuilder& other) {
  for (std::size_t i = 0; i < other.frame_count(); ++i) append(other.frame(i));
}

void PackBuilder::append(const FrameView& frame) {
  assert(frame_begin_ == data_.size());
  grid::append(data_, frame.stored);
  digests_.insert(digests_.end(), frame.digests.begin(), frame.digests.end());
  sizes_.insert(sizes_.end(), frame.sizes.begin(), frame.sizes.end());
  add_frame(frame.sizes.size(), frame.stored.size());
}

FrameView PackBuilder::frame(std::size_t index) const {
  const Frame& frame = frames_.at(index);
  return {.digests = std::span(digests_).subspan(frame.first_chunk, frame.chunk_count),
          .sizes = std::span(sizes_).subspan(frame.first_chunk, frame.chunk_count),
          .stored = BytesView(data_).subspan(frame.begin, frame.stored_size)};
}

void PackBuilder::clear() {
  data_.clear();
  frames_.clear();
  digests_.clear();
  sizes_.clear();
  frame_begin_ = 0;
  frame_first_chunk_ = 0;
}

Bytes PackBuilder::index() const {
  assert(frame_begin_ == data_.size());
  Bytes out;
  out.reserve(index_header_size + frames_.size() * frame_record_size +
              sizes_.size() * chunk_record_size + sizeof(Digest));
  grid::append(out, index_magic);
  grid::append(out, index_format);
  grid::append(out, std::uint16_t{0});
  grid::append(out, static_cast<std::uint32_t>(frames_.size()));
  grid::append(out, static_cast<std::uint32_t>(sizes_.size()));
  grid::append(out, static_cast<std::uint64_t>(data_.size()));
  for (const Frame& frame : frames_) {
    grid::append(out, frame.chunk_count);
    grid::append(out, frame.stored_size);
  }
  for (const Digest& digest : digests_) grid::append(out, BytesView(digest.bytes));
  for (std::uint32_t size : sizes_) grid::append(out, size);
  grid::append(out, BytesView(digest_of(out).bytes));
  return out;
}

namespace {

// Walks the frames of an index, giving each chunk its placement; false if sizes do not add up, or a
// frame or a chunk is empty.
bool place_chunks(BytesView frames, BytesView sizes, PackIndex& index) {
  std::uint64_t offset = 0;
  std::size_t chunk = 0;
  for (std::size_t at = 0; at < frames.size(); at += frame_record_size) {
    auto count = load<std::uint32_t>(frames.data() + at);
    auto stored = load<std::uint32_t>(frames.data() + at + 4);
    if (count == 0 || stored == 0) return false;
    if (count > index.entries.size() - chunk || offset + stored > index.data_size) return false;
    std::uint64_t frame_size = 0;
    for (std::size_t i = chunk; i < chunk + count; ++i) {
      auto size = load<std::uint32_t>(sizes.data() + 4 * i);
      if (size == 0) return false;
      frame_size += size;
    }
    if (frame_size > frame_size_max || stored > frame_size) return false;
    std::uint32_t inside = 0;
    for (std::size_t end = chunk + count; chunk < end; ++chunk) {
      auto size = load<std::uint32_t>(sizes.data() + 4 * chunk);
      Placement& place = index.entries[chunk].place;
      if (stored == frame_size)
        place = {static_cast<std::uint32_t>(offset + inside), size, size, 0, size};
      else
        place = {static_cast<std::uint32_t>(offset), stored, static_cast<std::uint32_t>(frame_size),
                 inside, size};
      inside += size;
    }
    offset += stored;
  }
  return chunk == index.entries.size() && offset == index.data_size;
}

// Sorts the digests' first bytes, and whole digests only if two begin alike.
bool has_duplicates(const std::vector<PackEntry>& entries) {
  std::vector<std::pair<std::uint64_t, std::size_t>> prefixes(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) prefixes[i] = {entries[i].digest.prefix(), i};
  std::sort(prefixes.begin(), prefixes.end());
  const auto same = [](const auto& a, const auto& b) { return a.first == b.first; };
  if (std::adjacent_find(prefixes.begin(), prefixes.end(), same) == prefixes.end()) return false;
  std::vector<Digest> digests(entries.size());
  std::transform(entries.begin(), entries.end(), digests.begin(),
                 [](const PackEntry& entry) { return entry.digest; });
  std::sort(digests.begin(), digests.end());
  return std::adjacent_find(digests.begin(), digests.end()) != digests.end();
}

enum class Sum { checked, ignored };

PackIndex decode(BytesView object, std::string_view name, Sum sum) {
  auto refuse = [&](std::string_view why) { fail(ErrorKind::corrupt, "{}: {}", name, why); };
  if (object.size() < index_header_size + sizeof(Digest)) refuse("the pack index is cut off");
  const std::byte* header = object.data();
  if (load<std::uint32_t>(header) != index_magic) refuse("is not a pack index");
  if (auto found = load<std::uint16_t>(header + 4); found != index_format)
    fail(ErrorKind::unsupported, "{}: has pack index format {}; this program reads format {}", name,
         found, index_format);
  if (load<std::uint16_t>(header + 6) != 0)
    refuse("bytes of the pack index that must be zero are not");
  std::size_t frame_count = load<std::uint32_t>(header + 8);
  std::size_t chunk_count = load<std::uint32_t>(header + 12);
  std::size_t expected = index_header_size + frame_count * frame_record_size +
                         chunk_count * chunk_record_size + sizeof(Digest);
  if (object.size() != expected) refuse("the pack index has the wrong length");
  BytesView body = object.first(object.size() - sizeof(Digest));
  if (sum == Sum::checked &&
      std::memcmp(digest_of(body).bytes.data(), object.data() + body.size(), sizeof(Digest)) != 0)
    refuse("the pack index is damaged");

  PackIndex index;
  index.data_size = load<std::uint64_t>(header + 16);
  if (index.data_size > UINT32_MAX) refuse("the pack is too large");
  if (chunk_count == 0) refuse("the pack holds nothing");
  index.entries.resize(chunk_count);
  BytesView frames = body.subspan(index_header_size, frame_count * frame_record_size);
  BytesView digests = body.subspan(index_header_size + frames.size(), chunk_count * sizeof(Digest));
  for (std::size_t i = 0; i < chunk_count; ++i)
    std::memcpy(index.entries[i].digest.bytes.data(), digests.data() + i * sizeof(Digest),
                sizeof(Digest));
  if (!place_chunks(frames, body.subspan(index_header_size + frames.size() + digests.size()),
                    index))
    refuse("the pack index does not add up");
  if (has_duplicates(index.entries)) refuse("the pack index names a chunk twice");
  return index;
}

}  // namespace

PackIndex decode_pack_index(BytesView object, std::string_view name) {
  return decode(object, name, Sum::checked);
}

std::optional<PackIndex> salvage_pack_index(BytesView object) {
  try {
    return decode(object, "", Sum::ignored);
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace grid::store
