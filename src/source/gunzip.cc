#include "source/gunzip.h"

#include <zlib.h>

#include <algorithm>
#include <array>

#include "base/error.h"

namespace grid::source {

namespace {

constexpr std::size_t gunzip_buffer_size = 256 << 10;
constexpr std::size_t window_size_max = 32 << 10;
constexpr std::uint64_t point_distance = 1 << 20;  // unpacked bytes
constexpr std::size_t trailer_size = 8;
// zlib's window bits: a member with its header and trailer, or the blocks alone.
constexpr int whole_member = 15 + 16, blocks_alone = -15;
// In z_stream::data_type: at the end of a block, and that block is the last one.
constexpr int behind_block = 128, last_block = 64;

}  // namespace

struct Gunzip::State {
  explicit State(std::unique_ptr<ByteStream> from)
      : packed(std::move(from)), buffer(gunzip_buffer_size) {
    if (::inflateInit2(&zlib, whole_member) != Z_OK)
      fail(ErrorKind::no_space, "zlib has no memory");
  }
  ~State() { ::inflateEnd(&zlib); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void continue_at(const GunzipPoint& at);
  void step();
  bool fill();
  void inflate();
  void note_point();
  void check_trailer();
  [[noreturn]] void refuse(std::string_view why) const;

  const std::unique_ptr<ByteStream> packed;
  Bytes buffer;
  z_stream zlib{};
  bool between_members = false, ended = false;
  // Reading began in the middle of the member: zlib sees only its blocks, and this computes its
  // checksum.
  bool in_blocks = false;
  std::uint32_t checksum = 0;          // of the member so far
  std::uint32_t member_size = 0;       // modulo 2^32
  std::uint64_t taken = 0, given = 0;  // bytes, from the beginning of the file
  std::shared_ptr<const GunzipPoint> point;
};

void Gunzip::State::refuse(std::string_view why) const {
  fail(ErrorKind::corrupt, "the archive is damaged or truncated: gzip: {}", why);
}

void Gunzip::State::continue_at(const GunzipPoint& at) {
  taken = at.packed;
  given = at.unpacked;
  checksum = at.checksum;
  member_size = at.member_size;
  in_blocks = true;
  point = std::make_shared<GunzipPoint>(at);
  const bool begun =
      ::inflateReset2(&zlib, blocks_alone) == Z_OK &&
      (at.bits == 0 || ::inflatePrime(&zlib, at.bits, at.byte >> (8 - at.bits)) == Z_OK) &&
      ::inflateSetDictionary(&zlib, reinterpret_cast<const Bytef*>(at.window.data()),
                             static_cast<uInt>(at.window.size())) == Z_OK;
  if (!begun) refuse("it cannot be continued from the noted point");
}

// False at the end.
bool Gunzip::State::fill() {
  if (zlib.avail_in > 0) return true;
  const std::size_t got = packed->read(buffer);
  zlib.next_in = reinterpret_cast<Bytef*>(buffer.data());
  zlib.avail_in = static_cast<uInt>(got);
  taken += got;
  return got > 0;
}

void Gunzip::State::step() {
  if (!fill()) {
    if (!between_members) refuse("it ends too early");
    ended = true;
    return;
  }
  if (between_members) {
    ended = *zlib.next_in != 0x1f;  // padding, as on tapes, is ignored, as gzip does
    if (ended) return;
    ::inflateReset2(&zlib, whole_member);
    between_members = in_blocks = false;
    member_size = 0;
  }
  inflate();
}

void Gunzip::State::inflate() {
  const Bytef* const begin = zlib.next_out;
  const int status = ::inflate(&zlib, Z_BLOCK);
  const auto size = static_cast<std::uint32_t>(zlib.next_out - begin);
  given += size;
  member_size += size;
  if (in_blocks) checksum = static_cast<std::uint32_t>(::crc32(checksum, begin, size));
  if (status == Z_STREAM_END) {
    if (in_blocks) check_trailer();
    between_members = true;
  } else if (status != Z_OK && status != Z_BUF_ERROR) {
    refuse(zlib.msg != nullptr ? zlib.msg : "it is not gzip");
  } else if ((zlib.data_type & behind_block) != 0 && (zlib.data_type & last_block) == 0 &&
             member_size > 0 && given - (point ? point->unpacked : 0) >= point_distance) {
    note_point();
  }
}

void Gunzip::State::note_point() {
  GunzipPoint noted{.packed = taken - zlib.avail_in,
                    .unpacked = given,
                    .bits = static_cast<std::uint8_t>(zlib.data_type & 7),
                    .checksum = in_blocks ? checksum : static_cast<std::uint32_t>(zlib.adler),
                    .member_size = member_size,
                    .window = Bytes(window_size_max)};
  // The byte in which the block ends is in this buffer, unless it was the last one of the previous.
  if (noted.bits > 0 && zlib.next_in == reinterpret_cast<Bytef*>(buffer.data())) return;
  if (noted.bits > 0) noted.byte = zlib.next_in[-1];
  uInt size = 0;
  if (::inflateGetDictionary(&zlib, reinterpret_cast<Bytef*>(noted.window.data()), &size) != Z_OK)
    return;
  noted.window.resize(size);
  point = std::make_shared<GunzipPoint>(std::move(noted));
}

void Gunzip::State::check_trailer() {
  std::array<std::byte, trailer_size> trailer{};
  for (std::byte& byte : trailer) {
    if (!fill()) refuse("it ends too early");
    byte = static_cast<std::byte>(*zlib.next_in);
    ++zlib.next_in;
    --zlib.avail_in;
  }
  if (load<std::uint32_t>(trailer.data()) != checksum) refuse("incorrect data check");
  if (load<std::uint32_t>(trailer.data() + 4) != member_size) refuse("incorrect length check");
}

Gunzip::Gunzip(std::unique_ptr<ByteStream> packed)
    : state_(std::make_unique<State>(std::move(packed))) {}

Gunzip::Gunzip(std::unique_ptr<ByteStream> packed, const GunzipPoint& point)
    : Gunzip(std::move(packed)) {
  state_->continue_at(point);
}

Gunzip::~Gunzip() = default;

std::size_t Gunzip::read(MutableBytesView out) {
  z_stream& zlib = state_->zlib;
  zlib.next_out = reinterpret_cast<Bytef*>(out.data());
  zlib.avail_out = static_cast<uInt>(out.size());
  while (zlib.avail_out == out.size() && !state_->ended) state_->step();
  return out.size() - zlib.avail_out;
}

std::string Gunzip::name() const { return state_->packed->name(); }

std::shared_ptr<const GunzipPoint> Gunzip::last_point() const { return state_->point; }

}  // namespace grid::source
