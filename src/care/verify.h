// Reads everything that versions are made of and names what is damaged.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "dataset/open_store.h"

namespace grid::care {

struct Damage {
  std::string name;                    // datastore; empty: the store itself
  dataset::VersionNumber version = 0;  // 0: all of them
  std::string path;                    // empty: the version's record or tree
  std::string reason;

  bool operator==(const Damage&) const = default;
};

struct VerifyProgress {
  std::atomic<std::uint64_t> bytes_total = 0, bytes_done = 0;  // of packs
};

struct VerifyReport {
  std::uint64_t versions = 0, files = 0, chunks = 0, bytes = 0;  // that were checked
  std::vector<Damage> damages;
  std::uint64_t files_in_place = 0;  // that were compared with listings of their buckets, unread
  std::vector<Damage> drifts;        // those whose objects are others now, or gone
};

// Checks the versions in `scope`: empty means every ready version of every datastore. What files in
// place have drifted is kept for KnownDrift.
VerifyReport verify(const dataset::OpenStore& store, const std::vector<dataset::Reference>& scope,
                    VerifyProgress& progress);

}  // namespace grid::care
