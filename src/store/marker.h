// The first object of a store: says that this is a store, in which format, and its id.
#pragma once

#include <optional>
#include <string>

#include "backend/backend.h"

namespace grid::store {

struct StoreMarker {
  std::string store_id;  // 32 hexadecimal digits, chosen at random when the store was made
};

// Empty if nothing is stored there. Throws `corrupt` for something that is not a store and
// `unsupported` for a store of a newer format.
std::optional<StoreMarker> find_marker(const backend::Backend& backend);

// Makes a store unless it is one already. Throws like find_marker() and Backend::prove_creates().
StoreMarker make_store(backend::Backend& backend);

}  // namespace grid::store
