// A slot of a lease: one object of the sequence that a lease is. docs/collection.md, sections 2, 3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "store/layout.h"

namespace grid::store {

enum class LeaseSlotState { open, publishing, closed };

// An object that is about to be created, or that has to be before a closed lease has ended.
struct Publication {
  std::string key;
  std::string object;  // its bytes, JSON

  bool operator==(const Publication&) const = default;
};

struct LeaseSlot {
  LeaseId lease;
  std::uint32_t number = 0;
  LeaseSlotState state = LeaseSlotState::open;
  std::string created;  // RFC 3339, UTC
  // In slot 1: the newest collection that the writer saw before, 0 if none, and for people whose
  // lease it is.
  std::optional<std::uint32_t> collection{};
  std::string holder{};
  // In a `publishing` one; in a `closed` one if the slot before it is `publishing`.
  std::optional<Publication> publication{};

  bool operator==(const LeaseSlot&) const = default;
};

inline constexpr std::size_t lease_holder_size_max = 4 << 10;  // bytes

// Throws `invalid_argument` for a publication that is too large, or whose object is not UTF-8.
std::string encode_lease_slot(const LeaseSlot& slot);

// Throws `corrupt` for anything but this slot of this lease, `unsupported` for a newer format.
// What the publication's object is, is not checked, but its key is that of a version record.
LeaseSlot decode_lease_slot(BytesView object, const LeaseId& lease, std::uint32_t number);

}  // namespace grid::store
