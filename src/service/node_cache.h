// This machine's cache of remote stores, and its limit.
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
    std::string name;  // its id if the name is no longer known
  };

  std::string folder;
  cache::Statistics statistics;  // size_max: the limit in force
  std::vector<Store> stores;
};

NodeCache show_cache(const Settings& settings);

// Sets the limit, in bytes, and removes at once what exceeds it. Throws `invalid_argument` if not
// even one block would fit.
NodeCache limit_cache(const Settings& settings, std::uint64_t size_max);

struct ClearedCache {
  std::uint64_t freed = 0;  // bytes
};

// Safe while others read: they fetch what they need again.
ClearedCache clear_cache(const Settings& settings);

void write_document(JsonWriter& json, const NodeCache& shown);
void write_document(JsonWriter& json, const ClearedCache& cleared);

}  // namespace grid::service
