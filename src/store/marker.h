// The first object of a store: says that this is a store, in which format, and its id. And the key
// under which a node keeps what it knows of a store.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "backend/backend.h"

namespace grid::store {

// In a store of format 2, all who write hold leases (store/lease.h), so space can come back.
inline constexpr unsigned store_format = 2;

struct StoreMarker {
  std::string store_id;  // see is_store_id(); chosen at random when the store was made
  unsigned format = store_format;
  bool made_now = false;  // by the call that returns it
};

// Empty if nothing is stored there. Throws `corrupt` for something that is not a store and
// `unsupported` for a store of a newer format.
std::optional<StoreMarker> find_marker(const backend::Backend& backend);

// Makes a store unless it is one already. Throws like find_marker() and Backend::prove_creates().
StoreMarker make_store(backend::Backend& backend);

// Raises the format of a store to the newest, so that older programs refuse it; returns the marker.
// None of them may be writing meanwhile. Can be killed and repeated. Throws like find_marker().
StoreMarker upgrade_store(backend::Backend& backend);

// Whether `text` can be a store's id: 32 lower-case hexadecimal digits. It is part of paths.
bool is_store_id(std::string_view text);

// Under this key, 32 hexadecimal digits, a node keeps its copies of a store and what it derives
// from it. It depends on where the store is as well as on the id that it claims: a store that
// copied another's id is not given that one's bytes, nor does it give its own for that one.
std::string cache_key(const StoreMarker& marker, const backend::Backend& backend);

}  // namespace grid::store
