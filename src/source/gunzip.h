// Unpacks gzip, also several members one after the other, as pigz and cat make them.
//
// Problem. To unpack the second half of a large file, the first half must be unpacked too, even by
// a create that has done that before.
//
// Idea. Deflate consists of blocks. To unpack a block, all that is needed from before it are 32 KiB
// of unpacked bytes and how many bits of the last byte are used. So these, with the checksum so
// far, are a point from which unpacking can continue, as in zlib's example zran.c (Adler).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/byte_stream.h"

namespace grid::source {

// A place in a gzip file between two blocks.
struct GunzipPoint {
  std::uint64_t packed = 0;       // bytes of the file before it, the last one perhaps in part
  std::uint64_t unpacked = 0;     // bytes unpacked from them
  std::uint8_t bits = 0;          // how many upper bits of the last of these bytes are unused
  std::uint8_t byte = 0;          // that byte
  std::uint32_t checksum = 0;     // CRC-32 of the member's bytes so far
  std::uint32_t member_size = 0;  // of the member so far, modulo 2^32
  Bytes window;                   // the last bytes of the member, at most 32 KiB

  bool operator==(const GunzipPoint&) const = default;
};

class Gunzip : public ByteStream {
 public:
  // Compares size and checksum of each member. Reading throws `corrupt`, and what `packed` throws.
  explicit Gunzip(std::unique_ptr<ByteStream> packed);
  // Continues at a point of the same file; `packed` begins there.
  Gunzip(std::unique_ptr<ByteStream> packed, const GunzipPoint& point);
  ~Gunzip() override;

  std::size_t read(MutableBytesView out) override;
  std::optional<std::uint64_t> size() const override { return std::nullopt; }
  std::string name() const override;

  // The last point passed; points are at least a megabyte apart. Null before the first.
  std::shared_ptr<const GunzipPoint> last_point() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace grid::source
