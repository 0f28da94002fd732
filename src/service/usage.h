// What the versions take of a store, and what deleting them would free.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dataset/open_store.h"
#include "service/json.h"

namespace grid::service {

// Of a version, or of all versions of a datastore. Those that are deleted count until they can no
// longer be taken back.
struct Usage {
  std::string name;
  dataset::VersionNumber version = 0;  // 0: all
  std::uint64_t versions = 1;
  bool is_deleted = false;
  std::uint64_t files = 0, bytes = 0;  // of the newest version
  std::uint64_t stored = 0;            // bytes in the store that it needs
  std::uint64_t alone = 0;             // of them, those that nothing else needs
};

struct StoreUsage {
  std::vector<Usage> rows;
  std::uint64_t needed = 0;       // by all rows, each chunk once
  bool is_whole = false;          // the rows are all datastores, and what follows is known
  std::uint64_t in_packs = 0;     // bytes of all packs
  std::uint64_t interrupted = 0;  // of pack data that no index names yet, or ever will
};

// All datastores. Reads the trees of all versions, and keeps about 60 bytes for each chunk.
StoreUsage store_usage(const dataset::OpenStore& store);
// The versions of one, where what other datastores need is not needed alone. Throws `not_found`.
StoreUsage datastore_usage(const dataset::OpenStore& store, const std::string& name);

struct Explanation {
  Usage of;
  std::vector<Usage> sharing;  // with `stored`: what of `of` each needs, too; the most first
};

// What deleting a version would free, and what keeps the rest. Also of a deleted version that can
// still be taken back. Throws `not_found`.
Explanation explain_version(const dataset::OpenStore& store, const dataset::Reference& reference);

void write_document(JsonWriter& json, const StoreUsage& usage);
void write_document(JsonWriter& json, const Explanation& explanation);

}  // namespace grid::service
