// Reads everything that makes up versions and names what is damaged.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "care/pack_check.h"
#include "dataset/open_store.h"

namespace grid::care {

struct Damage {
  std::string name;                    // datastore; empty: the store itself
  dataset::VersionNumber version = 0;  // 0: all versions
  std::string path;                    // empty: the version's record or tree
  std::string reason;

  bool operator==(const Damage&) const = default;
};

// Leaves out what the reason repeats of the place that it is shown with, as in "cats:2: its
// record".
Damage damage_at(const std::string& name, dataset::VersionNumber version, std::string path,
                 std::string reason);

struct VerifyReport {
  // Checked; hard links are counted as files, as in a version's record.
  std::uint64_t versions = 0, files = 0, chunks = 0, bytes = 0;
  std::vector<Damage> damages;
  std::uint64_t files_in_place = 0;  // compared with the listings of their buckets, not read
  std::vector<Damage> drifts;        // files in place whose objects changed or are gone
  // What the server refuses to show or to list, and the reason: it may be as it should be.
  std::vector<Damage> unseen;
  std::vector<std::string> notes;  // sentences about what is no damage
  // What was seen and not checked.
  std::uint64_t deleted_versions = 0;  // of the datastores in the scope
  std::uint64_t unindexed_packs = 0, unindexed_bytes = 0;
};

// needed: by the versions in the scope; all: every pack of the store, whatever needs it, which an
// empty scope means in any case.
enum class PacksChecked { needed, all };

// Checks the versions in `scope`, where empty means every ready version of every datastore, and
// packs. Reads the store itself, past the copies and the chunk
// tables that this node keeps. Records in the store's KnownDrift which files in place have drifted.
// Throws `unavailable` if a server cannot be reached.
VerifyReport verify(const dataset::OpenStore& store, const std::vector<dataset::Reference>& scope,
                    VerifyProgress& progress, PacksChecked packs = PacksChecked::needed);

// The part of verify() that follows check_packs(), for the same two.
enum class InPlace { compared, left_out };
VerifyReport verify_versions_of(const dataset::OpenStore& store, const CheckedPacks& packs,
                                const std::vector<dataset::Reference>& scope, InPlace in_place);

}  // namespace grid::care
