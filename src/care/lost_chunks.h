// Which chunks versions need and a store does not have.
#pragma once

#include <set>

#include "dataset/open_store.h"

namespace grid::care {

// The chunks that ready versions need and the store's chunk index does not know. What is named in a
// tree or a recipe that is itself lost is not found before that is healed.
std::set<Digest> find_lost_chunks(const dataset::OpenStore& store);
// The same for one tree. Asks the store for packs that are new.
std::set<Digest> find_lost_chunks(const dataset::OpenStore& store, const Digest& root);

}  // namespace grid::care
