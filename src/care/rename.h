// Gives a datastore another name, in the same store.
//
// The versions are published again under the new name, with the same numbers and roots, and records
// that say the new name. Then those of the old name get tombstones that say where they are, so that
// the old name leads on. No content is copied. If it is killed at any moment, every version has at
// least one of the names, and the same rename continues.
#pragma once

#include <string>
#include <vector>

#include "dataset/open_store.h"

namespace grid::care {

// Returns the ready versions under the new name. Throws `not_found` (no such datastore),
// `invalid_argument` (no name, or the same), `already_exists` (the new name has versions of its
// own), `corrupt` (a record cannot be read).
std::vector<dataset::VersionNumber> rename_datastore(dataset::OpenStore& store,
                                                     const std::string& from,
                                                     const std::string& to);

}  // namespace grid::care
