// Where to cut a stream so that the same content is cut in the same places.
//
// Problem. Version 2 of a large file differs from version 1 by an insertion. With cuts at fixed
// offsets, every chunk behind it is new. With cuts that the content itself determines, all but one
// or two chunks stay the same.
//
// Idea. A rolling hash looks at the bytes just passed; a cut falls where some of its bits are
// zero, which depends on those bytes alone. The gear hash shifts left and adds a random number
// for each byte: h = (h << 1) + gear[byte]. A byte's influence is shifted out after 64 steps, so
// the top bits depend on a window of 64 bytes. After an insertion the hash, and with it the cuts,
// are the same again 64 bytes later.
//
// The first size_min bytes cannot hold a cut and are skipped except for the last window: half of
// all bytes need not be looked at.
//
// Not normalised. FastCDC asks for more zero bits in small chunks and fewer in large ones, so that
// sizes cluster around the average. But then a cut depends on where its chunk began, and after a
// change it takes several chunks until the cuts are the old ones again: with the same average, a
// version with scattered changes stored a fifth more (docs/decisions/0018).
//
// Cost: one shift, add, load and test for each byte that is looked at.
//
// Sources: Xia et al., "FastCDC", USENIX ATC 2016 (gear, skipping, normalisation). The gear
// numbers are the splitmix64 sequence from seed 0; they are part of how stores are written, not
// of how they are read: a reader needs none of this.

#include "store/chunker.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace grid::store {

static constexpr std::array<std::uint64_t, 256> make_gear() {
  std::array<std::uint64_t, 256> gear{};
  std::uint64_t state = 0;
  for (auto& number : gear) {
    state += 0x9e3779b97f4a7c15u;
    std::uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    number = z ^ (z >> 31);
  }
  return gear;
}

static constexpr std::array<std::uint64_t, 256> gear = make_gear();
static constexpr std::size_t window = 64;  // bytes that the hash depends on

static constexpr std::uint64_t top_bits(int count) { return ~std::uint64_t{0} << (64 - count); }

// The end of the first position in [begin, end) after which the masked hash is zero, or 0.
static std::size_t find_cut(const std::byte* data, std::size_t begin, std::size_t end,
                            std::uint64_t mask, std::uint64_t hash) {
  std::uint64_t h = hash;
  std::size_t i = begin;
  for (; i + 2 <= end; i += 2) {
    std::uint64_t first = (h << 1) + gear[std::to_integer<std::size_t>(data[i])];
    std::uint64_t second = (first << 1) + gear[std::to_integer<std::size_t>(data[i + 1])];
    if ((first & mask) == 0) return i + 1;
    if ((second & mask) == 0) return i + 2;
    h = second;
  }
  for (; i < end; ++i) {
    h = (h << 1) + gear[std::to_integer<std::size_t>(data[i])];
    if ((h & mask) == 0) return i + 1;
  }
  return 0;
}

std::size_t first_cut(BytesView data, const CutSizes& sizes) {
  std::size_t end = std::min(data.size(), sizes.size_max);
  if (end <= sizes.size_min) return end;
  std::uint64_t hash = 0;
  for (std::size_t i = sizes.size_min - window; i < sizes.size_min; ++i)
    hash = (hash << 1) + gear[std::to_integer<std::size_t>(data[i])];
  std::size_t cut = find_cut(data.data(), sizes.size_min, end, top_bits(sizes.bits), hash);
  return cut != 0 ? cut : end;
}

}  // namespace grid::store
