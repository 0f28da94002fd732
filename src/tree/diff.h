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
  std::string path;      // in the newer version; removed: in the older
  std::string old_path;  // renamed only
  EntryKind entry_kind;  // of the newer; removed: of the older
  std::uint64_t old_size = 0, new_size = 0;
  bool content_changed = false;  // changed only: else just mode, time, kind or target

  bool operator==(const Change&) const = default;
};

// Sorted by path. Of a file in place only its object is known: two of them are compared by that,
// one of them and one in the store by size and time. A removed file and an added one with the same
// content, size and executable bit are one renamed file.
std::vector<Change> diff(const std::shared_ptr<const Manifest>& older,
                         const std::shared_ptr<const Manifest>& newer);

}  // namespace grid::tree
