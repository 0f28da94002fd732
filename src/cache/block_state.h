// What the cache knows about one block of an object: eight bytes, shared by all processes of the
// node.
#pragma once

#include <algorithm>
#include <cstdint>

namespace grid::cache {

constexpr std::uint64_t block_size = 256 << 10;  // bytes: the least that is fetched

struct BlockState {
  bool present = false;         // its bytes are in the file
  bool main = false;            // in the main queue; else in the queue of newcomers: see eviction.h
  bool ghost = false;           // not present, but evicted not long ago, at `stamp`
  std::uint8_t uses = 0;        // 0 to 3: how often it was used again
  std::uint8_t pages = 1;       // 1 to 64: its size on the disk, in 4 KiB
  std::uint8_t generation = 0;  // grows with each eviction, so that a reader notices one
  std::uint16_t touched = 0;    // when it was put in or last counted as used, in units of
                                // 8 s, wrapping at touched_end
  std::uint32_t stamp = 0;      // its place in its queue: the cache's clock when it entered

  static constexpr std::uint16_t touched_end = 1 << 13;

  std::uint64_t allocated_size() const { return std::uint64_t{pages} * 4096; }
  bool operator==(const BlockState&) const = default;
};

inline std::uint64_t encode(const BlockState& state) {
  return (state.present ? 1u : 0u) | (state.main ? 2u : 0u) | (state.ghost ? 4u : 0u) |
         std::uint64_t{state.uses} << 3 | std::uint64_t{state.pages - 1u} << 5 |
         std::uint64_t{state.generation} << 11 | std::uint64_t{state.touched} << 19 |
         std::uint64_t{state.stamp} << 32;
}

inline BlockState decode_block_state(std::uint64_t word) {
  return {.present = (word & 1) != 0,
          .main = (word & 2) != 0,
          .ghost = (word & 4) != 0,
          .uses = static_cast<std::uint8_t>(word >> 3 & 3),
          .pages = static_cast<std::uint8_t>((word >> 5 & 63) + 1),
          .generation = static_cast<std::uint8_t>(word >> 11),
          .touched = static_cast<std::uint16_t>(word >> 19 & (BlockState::touched_end - 1)),
          .stamp = static_cast<std::uint32_t>(word >> 32)};
}

// The disk space of a block of `size` bytes.
inline std::uint64_t allocated_size(std::uint64_t size) { return (size + 4095) / 4096 * 4096; }

}  // namespace grid::cache
