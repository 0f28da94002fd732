// What this machine keeps of remote stores, and within which limit.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cache/disk_cache.h"
#include "service/json.h"
#include "service/settings.h"

namespace grid::service {

struct NodeCache {
  struct Store {
    cache::CachedStore cached;
    std::string name;  // its id, if the name is not known any more
  };

  std::string folder;
  cache::Statistics statistics;  // size_max: the limit that holds
  std::vector<Store> stores;
};

NodeCache show_cache(const Settings& settings);

// What is over the limit, in bytes, leaves at once. Throws `invalid_argument` if not even one block
// would fit.
NodeCache limit_cache(const Settings& settings, std::uint64_t size_max);

struct ClearedCache {
  std::uint64_t freed = 0;  // bytes
};

// Safe while others read: they fetch again.
ClearedCache clear_cache(const Settings& settings);

void write_document(JsonWriter& json, const NodeCache& shown);
void write_document(JsonWriter& json, const ClearedCache& cleared);

}  // namespace grid::service
