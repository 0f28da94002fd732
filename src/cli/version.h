// The version that `grid --version` prints, and that records name.
#pragma once

#include <string_view>

namespace grid::cli {

std::string_view program_version();

}  // namespace grid::cli
