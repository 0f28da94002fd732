// Follows symlinks inside a tree.
#pragma once

#include <optional>

#include "tree/manifest.h"

namespace grid::server::s3 {

// The file that an entry of any kind but folder gives when it is opened: a file itself, that of a
// hard link, that which a symlink leads to through further links and folders. Empty if a symlink
// leads out of the tree, to a folder, to nothing or in a circle. Throws `corrupt` for a hard link
// to what is not there.
std::optional<tree::EntryRef> find_linked_file(const tree::Manifest& manifest,
                                               const tree::EntryRef& entry);

}  // namespace grid::server::s3
