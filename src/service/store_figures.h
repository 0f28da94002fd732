// What a store holds, in numbers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dataset/open_store.h"
#include "service/json.h"

namespace grid::service {

struct StoreFigures {
  // What a version added when it was made.
  struct Growth {
    std::string name;
    dataset::Version version;
  };

  std::string store;                     // its location
  std::uint64_t datastores = 0;          // that have a ready version
  std::uint64_t ready = 0, deleted = 0;  // versions
  std::uint64_t bytes = 0;               // of the files of all ready versions, each in full
  std::uint64_t bytes_in_place = 0;      // of them, those that are in buckets and not in the store
  std::uint64_t packs = 0, pack_bytes = 0;  // what there is, whatever needs it
  std::uint64_t unreadable = 0;             // versions that are left out of all this
  std::vector<Growth> growth;               // in the order in which they were made
};

// Reads all records of versions and lists the packs.
StoreFigures read_store_figures(const dataset::OpenStore& store, std::string location);

void write_document(JsonWriter& json, const StoreFigures& figures);

}  // namespace grid::service
