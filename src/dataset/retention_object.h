// The rules that are stored with a datastore and say which of its versions are to be kept.
#pragma once

#include <optional>
#include <string_view>

#include "backend/backend.h"
#include "dataset/records.h"

namespace grid::dataset {

// Empty if none is set. Throws `corrupt` if the newest one is damaged: those before it may keep
// less.
std::optional<RetentionRecord> find_retention(const backend::Backend& backend,
                                              std::string_view datastore);

// Rules that keep nothing remove it. Does nothing if that is what is set already.
void set_retention(backend::Backend& backend, std::string_view datastore,
                   const RetentionRules& rules, std::string_view set_by);

}  // namespace grid::dataset
