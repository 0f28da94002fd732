// What the number of a node says.
//
// The upper 24 bits are a slot: a datastore's folder, a version, or a version as its datastore's
// own folder shows it. The lower 40 bits are a place in it: the folder itself, the link `latest`
// as long as it leads to this version, or an entry of the tree by its ordinal. The kernel keeps
// what it was told about a node for ever, so a number never means two things: slots are not used
// again, and `latest` gets another number when it leads elsewhere.
#pragma once

#include <cstdint>

#include "mount/filesystem.h"

namespace grid::mount {

inline constexpr unsigned place_bits = 40;
inline constexpr std::uint64_t slot_count_max = 1ull << 24;

// Slot 0 holds the top alone; its place is such that its number is the one FUSE demands.
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
