// What the node's cache counts for one reader; Usage counts for all of the node's.
#pragma once

#include "base/cost_counter.h"

namespace grid::cache {

struct CacheCostCounters {
  CostCounter hit_bytes;     // wanted of a remote store, and in the cache
  CostCounter missed_bytes;  // wanted, and not in the cache
  CostCounter remote_bytes;  // that came from a remote store, also ahead of readers
};

}  // namespace grid::cache
