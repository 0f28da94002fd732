// What differs between two versions, by folders.
#pragma once

#include <string>
#include <vector>

#include "service/comparison.h"

namespace grid::service {

// The changes with a path, old or new, that is one of `paths` or lies below one; all if there are
// none.
std::vector<tree::Change> changes_below(std::vector<tree::Change> changes,
                                        const std::vector<std::string>& paths);

// A folder that has another name and is otherwise the same becomes one renamed folder, in place of
// all that lies in it. Takes and gives changes sorted by path, as tree::diff() does.
std::vector<tree::Change> with_renamed_folders(const std::vector<tree::Change>& changes);

struct FolderChanges {
  std::string folder;  // of the top of the version; empty: the files that lie there
  Comparison::Totals totals;
};

// Sorted by folder. What was renamed counts where it is now.
std::vector<FolderChanges> changes_by_folder(const std::vector<tree::Change>& changes);

}  // namespace grid::service
