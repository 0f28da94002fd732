// What differs between two versions, in time that grows with the difference.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tree/manifest.h"

namespace grid::tree {

enum class ChangeKind { added, removed, changed, renamed };
std::string_view name_of(ChangeKind kind);

struct Change {
  ChangeKind kind;
  std::string path;      // in the newer version; for removed: in the older
  std::string old_path;  // renamed only
  EntryKind entry_kind;  // of the newer entry; for removed: of the older
  std::uint64_t old_size = 0, new_size = 0;
  bool content_changed = false;  // only for changed; false: only mode or time differ

  bool operator==(const Change&) const = default;
};

// Sorted by path. The content of a file in place is known only by its object: two such files are
// compared by size and ETag, such a file and a stored one by size and time. A removed and an added
// file with the same content, size and executable bit become one renamed file.
std::vector<Change> diff(const std::shared_ptr<const Manifest>& older,
                         const std::shared_ptr<const Manifest>& newer);

}  // namespace grid::tree
