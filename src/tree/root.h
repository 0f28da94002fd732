// The root of a manifest as a value and as bytes.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tree/manifest.h"

namespace grid::tree {

struct ManifestRoot {
  TreeTotals totals;
  std::vector<Manifest::SegmentEntry> segments;
  // Files with two names or more: path of the first name, and number of names. Sorted by path.
  std::vector<std::pair<std::string, std::uint32_t>> link_counts;
};

// Throws `corrupt` unless the root keeps every rule that it shows by itself.
void check_root(const ManifestRoot& root);

Bytes encode_root(const ManifestRoot& root);
// Checks the root as well; throws `corrupt`, `unsupported`.
ManifestRoot decode_root(BytesView bytes);

}  // namespace grid::tree
