// Opens a store in a folder to a group of users of this machine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dataset/open_store.h"
#include "service/json.h"

namespace grid::service {

struct SharedStore {
  std::string folder, group;
  std::uint64_t folders = 0, files = 0;  // that now belong to the group
  // Folders above the store through which the group cannot pass.
  std::vector<std::string> closed;
};

// Gives all of the store to the group: folders get mode 2770, and stay readable by all others if
// they are; objects become readable. What is made later by any member belongs to the group too.
// Throws `invalid_argument` for a store on a server or a group that does not exist,
// `permission_denied` for one that does not belong to this user, or a group that this user is not
// in.
SharedStore share_store(const dataset::OpenStore& store, const std::string& group);

void write_document(JsonWriter& json, const SharedStore& shared);

}  // namespace grid::service
