// Checks the packs that some trees need, and no others.
#pragma once

#include <vector>

#include "care/kept_trees.h"
#include "care/pack_check.h"
#include "dataset/open_store.h"

namespace grid::care {

// As check_packs(), for the packs in which the content of the trees with these roots lies. Reads
// the index of every pack, and no data of others. Where a pack is damaged, checks those that have
// other copies of what it has lost. `store` must read through `trees`, which shows it these packs
// alone from then on.
CheckedPacks check_needed_packs(const dataset::OpenStore& store, const std::vector<Digest>& roots,
                                KeptTrees& trees, VerifyProgress& progress);

}  // namespace grid::care
