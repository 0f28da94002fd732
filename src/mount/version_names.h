// The names that a datastore's folder reserves for its versions.
#pragma once

#include <optional>
#include <string_view>

#include "dataset/reference.h"

namespace grid::mount {

inline constexpr std::string_view latest_name = "latest";

bool is_all_digits(std::string_view name);

// Whether a datastore's folder reserves this name for its versions, present or future.
bool is_version_name(std::string_view name);

// The version number that a folder name means; empty for a name that no version can have, like
// "007".
std::optional<dataset::VersionNumber> find_version_number(std::string_view name);

}  // namespace grid::mount
