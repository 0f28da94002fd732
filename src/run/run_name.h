// Names of runs that people can say and remember: "quiet-otter-42".
#pragma once

#include <string>
#include <string_view>

namespace grid::run {

// As for datastores: [a-z0-9][a-z0-9._-]{0,62}. Throws `invalid_argument`.
void check_run_name(std::string_view name);

// One of half a million.
std::string random_run_name();

}  // namespace grid::run
