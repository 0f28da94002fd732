// What the node's cache does with each object of a remote store.
#pragma once

#include <string_view>

#include "cache/caching_backend.h"

namespace grid::store {

// Packs are cached in parts; their indexes are not, since the chunk index takes them up; objects
// that say which datastores and versions there are, whole.
cache::Caching caching_of(std::string_view key);

}  // namespace grid::store
