// All datastores of a store at a glance, for the price of few round trips.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dataset/datastore.h"

namespace grid::dataset {

struct DatastoreOverview {
  std::string name;
  std::string description;
  // The newest ready version, else the last deleted one; empty if none was published. `moved_to`
  // may be unset.
  std::optional<Version> newest;
  std::uint64_t ready = 0;         // count of versions
  std::uint64_t stored_bytes = 0;  // of the ready versions
  // What is left out because it cannot be read. Number 0 stands for the description.
  std::vector<UnreadableVersion> unreadable;
};

// By name; also those whose versions are all deleted. A server is asked for one listing of all
// names, and for the records and descriptions that this node has not kept, many at once. Throws if
// a server cannot be reached.
std::vector<DatastoreOverview> overview(const Datastores& datastores,
                                        const backend::Backend& backend);

}  // namespace grid::dataset
