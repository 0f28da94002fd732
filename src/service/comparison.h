// What differs between two versions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dataset/open_store.h"
#include "service/json.h"
#include "tree/diff.h"

namespace grid::service {

struct Comparison {
  struct Totals {
    std::uint64_t added = 0, removed = 0, changed = 0, renamed = 0;
    std::uint64_t old_size = 0, new_size = 0;  // of all that differs, before and after
    void add(const tree::Change& change);
  };

  std::string older, newer;  // "cats:2", "cats:3"
  std::vector<tree::Change> changes;
  Totals totals;
  // Only one of the versions has files in place, which were compared by size and time.
  bool without_content = false;
};

// Throws `not_found` as Datastores::resolve() does. With `paths`, only what is one of them or lies
// below one, before or after; a / at their ends does not matter.
Comparison compare_versions(const dataset::OpenStore& store, const dataset::Reference& older,
                            const dataset::Reference& newer,
                            const std::vector<std::string>& paths = {});

void write_document(JsonWriter& json, const Comparison& comparison);

// Parts of the document: an object each.
void write_change(JsonWriter& json, const tree::Change& change);
void write_totals(JsonWriter& json, const Comparison::Totals& totals);

}  // namespace grid::service
