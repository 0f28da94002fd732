// Packs: chunks side by side in one object, and the index that says where each lies.
//
// A pack's data is a sequence of frames, one right after the other. A frame is a few neighbouring
// chunks, stored either raw, each readable on its own, or as one zstd frame. Compressing
// neighbours together keeps the ratio of large pieces while chunks stay small enough to be
// shared between versions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/digest.h"
#include "store/codec.h"

namespace grid::store {

constexpr std::size_t pack_size_target = 32 << 20;    // bytes
constexpr std::size_t frame_size_target = 128 << 10;  // bytes, uncompressed
// A pack ends here too: its index, which readers take as a whole, has 36 bytes for each.
constexpr std::size_t pack_chunk_count_max = 1 << 20;
// Nothing stored may claim to be larger: a damaged length must not exhaust memory.
constexpr std::uint32_t frame_size_max = 256 << 20;

// Where a chunk lies in its pack: `size` bytes from `offset_in_frame` on, in the frame whose
// `frame_stored_size` bytes begin at `frame_offset` and unpack to `frame_size`. A raw chunk is
// its own frame.
struct Placement {
  std::uint32_t frame_offset = 0;
  std::uint32_t frame_stored_size = 0;
  std::uint32_t frame_size = 0;
  std::uint32_t offset_in_frame = 0;
  std::uint32_t size = 0;

  bool raw() const { return frame_stored_size == frame_size; }
  // Whether these numbers can be those of a chunk: a table in the cache folder may hold any bytes.
  bool is_possible() const {
    if (size == 0 || frame_size > frame_size_max || frame_stored_size > frame_size) return false;
    if (raw()) return offset_in_frame == 0 && size == frame_size;
    return offset_in_frame < frame_size && size <= frame_size - offset_in_frame;
  }
  bool operator==(const Placement&) const = default;
};

struct PackEntry {
  Digest digest;
  Placement place;

  bool operator==(const PackEntry&) const = default;
};

// A frame as it is stored, and the chunks in it.
struct FrameView {
  std::span<const Digest> digests;
  std::span<const std::uint32_t> sizes;  // bytes of each chunk, unpacked
  BytesView stored;
};

// Builds the two objects of a pack. Not thread-safe.
class PackBuilder {
 public:
  // Bytes stored so far; the frame that is still open counts uncompressed.
  std::size_t size() const { return data_.size(); }
  bool empty() const { return sizes_.empty(); }
  bool is_full() const {
    return data_.size() >= pack_size_target || sizes_.size() >= pack_chunk_count_max;
  }
  // Whether another builder's chunks can be appended to a pack of the usual size.
  bool has_room_for(const PackBuilder& other) const {
    return data_.size() + other.data_.size() <= pack_size_target &&
           sizes_.size() + other.sizes_.size() <= pack_chunk_count_max;
  }

  // Appends a chunk; closes the frame when it has grown to frame_size_target.
  void add(const Digest& digest, BytesView chunk, Compressor& compressor);
  // Compresses what was added since the last frame, if that is worth it.
  void close_frame(Compressor& compressor);

  // Appends all chunks of another builder; both must have their frames closed.
  void append(const PackBuilder& other);
  // The same for one frame.
  void append(const FrameView& frame);
  void clear();

  BytesView data() const { return data_; }  // the data object
  Bytes index() const;                      // the index object
  const std::vector<Digest>& digests() const { return digests_; }
  // Of the frames that are closed.
  std::size_t frame_count() const { return frames_.size(); }
  FrameView frame(std::size_t index) const;

 private:
  struct Frame {
    std::size_t first_chunk = 0;
    std::size_t begin = 0;  // in data_
    std::uint32_t chunk_count = 0;
    std::uint32_t stored_size = 0;
  };
  void add_frame(std::size_t chunk_count, std::size_t stored_size);

  Bytes data_;
  std::vector<Frame> frames_;
  std::vector<Digest> digests_;
  std::vector<std::uint32_t> sizes_;
  std::size_t frame_begin_ = 0;        // where the open frame starts in data_
  std::size_t frame_first_chunk_ = 0;  // its first chunk
  Bytes compressed_;
};

struct PackIndex {
  std::uint64_t data_size = 0;  // bytes of the data object
  std::vector<PackEntry> entries;
};

// Throws `corrupt` with `name` in the message for bytes that break a rule of docs/format.md,
// section 3; `unsupported` for a newer format.
PackIndex decode_pack_index(BytesView object, std::string_view name);

// What a damaged index still says, for a repair; empty if it breaks more rules than that its last
// bytes are the digest of the rest. Places are as good as any; of the digests, any may be wrong.
std::optional<PackIndex> salvage_pack_index(BytesView object);

}  // namespace grid::store
