// The first object of a store: says that it is one, of which format, and which.
#pragma once

#include <optional>
#include <string>

#include "backend/backend.h"

namespace grid::store {

struct StoreMarker {
  std::string store_id;  // 32 hexadecimal digits, chosen at random when the store was made
};

// Empty if nothing is stored there. Throws `corrupt` for what is not a store of ours and
// `unsupported` for one of a newer format.
std::optional<StoreMarker> find_marker(const backend::Backend& backend);

// Makes a store unless it is one already. Throws as find_marker() does, and as
// Backend::prove_creates().
StoreMarker make_store(backend::Backend& backend);

}  // namespace grid::store
