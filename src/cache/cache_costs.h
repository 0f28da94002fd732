// What the node's cache counts for one reader; Usage counts for all readers of the node.
#pragma once

#include "base/cost_counter.h"

namespace grid::cache {

struct CacheCostCounters {
  CostCounter hit_bytes;     // requested, and in the cache
  CostCounter missed_bytes;  // requested, and not in the cache
  CostCounter remote_bytes;  // fetched from a remote store, including ahead of readers
};

}  // namespace grid::cache
