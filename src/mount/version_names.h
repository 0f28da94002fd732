// The names that a datastore's folder keeps for its versions.
#pragma once

#include <optional>
#include <string_view>

#include "dataset/reference.h"

namespace grid::mount {

inline constexpr std::string_view latest_name = "latest";

bool is_all_digits(std::string_view name);

// A name that a datastore's folder keeps for its versions, now or later.
bool is_version_name(std::string_view name);

// The number that a folder name means; empty for names that no version ever has, like "007".
std::optional<dataset::VersionNumber> find_version_number(std::string_view name);

}  // namespace grid::mount
