// Every object of a store, whichever keys it has.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "backend/backend.h"

namespace grid::testing {

// In key order.
inline std::vector<backend::ObjectEntry> all_objects(const backend::Backend& backend,
                                                     const std::string& prefix = "") {
  std::vector<backend::ObjectEntry> found = backend.list(prefix);
  for (const std::string& name : backend.list_names(prefix))
    if (name.ends_with('/')) {
      const auto below = all_objects(backend, prefix + name);
      found.insert(found.end(), below.begin(), below.end());
    }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  return found;
}

}  // namespace grid::testing
