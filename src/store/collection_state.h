// What the store says of a collection: what it means to remove, and what it does remove.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "backend/backend.h"
#include "store/layout.h"

namespace grid::store {

struct CollectionState {
  std::uint32_t number = 0;  // 0: there was none yet
  std::vector<PackId> condemned{};
  std::optional<std::vector<PackId>> removed{};  // the verdict: some of `condemned`

  // On these, nobody who saw this collection after making a lease may rely.
  std::set<PackId> excluded() const;
};

// The newest collection; 0 if there is none. One listing.
std::uint32_t find_newest_collection(const backend::Backend& backend);

// Throws `corrupt` if its condemnation is not there, or a list is not valid.
CollectionState read_collection(const backend::Backend& backend, std::uint32_t number);

}  // namespace grid::store
