// How many bytes the ready versions of a datastore have stored together, from as few records as
// their running sums allow (docs/format.md, section 7).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "dataset/records.h"

namespace grid::dataset {

// What was read; nullopt: it cannot be read.
using KnownRecords = std::map<VersionNumber, std::optional<VersionRecord>>;

struct StoredTotal {
  std::uint64_t bytes = 0;
  // Records that must be known first; none if `bytes` is right. Several of them may be asked for at
  // once. Asking again with all of these known comes to an end, and never asks for more records
  // than there are ready versions.
  std::vector<VersionNumber> unread;
};

// `ready` ascends. Versions whose records cannot be read count as nothing.
StoredTotal stored_total(const std::vector<VersionNumber>& ready, const KnownRecords& known);

}  // namespace grid::dataset
