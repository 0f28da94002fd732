// Reads everything that makes up versions and names what is damaged.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "dataset/open_store.h"

namespace grid::care {

struct Damage {
  std::string name;                    // datastore; empty: the store itself
  dataset::VersionNumber version = 0;  // 0: all versions
  std::string path;                    // empty: the version's record or tree
  std::string reason;

  bool operator==(const Damage&) const = default;
};

struct VerifyProgress {
  std::atomic<std::uint64_t> bytes_total = 0, bytes_done = 0;  // of packs
};

struct VerifyReport {
  std::uint64_t versions = 0, files = 0, chunks = 0, bytes = 0;  // checked
  std::vector<Damage> damages;
  std::uint64_t files_in_place = 0;  // compared with the listings of their buckets, not read
  std::vector<Damage> drifts;        // files in place whose objects changed or are gone
};

// Checks the versions in `scope`; empty means every ready version of every datastore. Records in
// the store's KnownDrift which files in place have drifted.
VerifyReport verify(const dataset::OpenStore& store, const std::vector<dataset::Reference>& scope,
                    VerifyProgress& progress);

}  // namespace grid::care
