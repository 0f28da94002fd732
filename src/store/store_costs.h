// What reading chunks costs.
#pragma once

#include "base/cost_counter.h"

namespace grid::store {

// Times are sums over threads.
struct StoreCostCounters {
  CostCounter wait_ns;     // waiting for the backend, and the caches in front of it
  CostCounter read_bytes;  // from there, as stored
  CostCounter unpack_ns;   // decompressing
  CostCounter check_ns;    // comparing digests
};

}  // namespace grid::store
