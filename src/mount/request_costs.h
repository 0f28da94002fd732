// What answering the kernel costs.
#pragma once

#include "base/cost_counter.h"

namespace grid::mount {

struct RequestCostCounters {
  CostCounter request_count;  // that the kernel put
  CostCounter request_ns;     // from taking one to its answer, summed over threads
};

}  // namespace grid::mount
