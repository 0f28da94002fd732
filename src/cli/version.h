// What `grid --version` prints and records name as the program that made them.
#pragma once

#include <string_view>

namespace grid::cli {

std::string_view program_version();

}  // namespace grid::cli
