// What reading versions costs, layer by layer.
#pragma once

#include "cache/cache_costs.h"
#include "store/store_costs.h"

namespace grid::dataset {

struct ReadCostCounters {
  store::StoreCostCounters store;  // files in place too: they wait for their buckets
  cache::CacheCostCounters cache;
};

}  // namespace grid::dataset
