// The meaning of node numbers.
//
// The upper 24 bits are a slot: a datastore's folder, a version, or a version as shown in its
// datastore's folder. The lower 40 bits are a place in the slot: the folder itself, the link
// `latest` while it leads to this version, or an entry of the tree by its ordinal. The kernel may
// cache what it was told about a node for ever, so a number never changes its meaning: slots are
// not reused, and `latest` gets another number when it leads elsewhere.
#pragma once

#include <cstdint>

#include "mount/filesystem.h"

namespace grid::mount {

inline constexpr unsigned place_bits = 40;
inline constexpr std::uint64_t slot_count_max = 1ull << 24;

// Slot 0 contains only the top; folder_place makes the top's number the one that FUSE requires.
inline constexpr std::uint64_t folder_place = 1;
inline constexpr std::uint64_t latest_place = 2;
inline constexpr std::uint64_t first_entry_place = 16;

constexpr Node make_node(std::uint64_t slot, std::uint64_t place) {
  return slot << place_bits | place;
}
constexpr std::uint64_t slot_of(Node node) { return node >> place_bits; }
constexpr std::uint64_t place_of(Node node) { return node & ((1ull << place_bits) - 1); }

static_assert(make_node(0, folder_place) == top_node);

}  // namespace grid::mount
