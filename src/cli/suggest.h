// "Did you mean": the names nearest to one that does not exist.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace grid::cli {

// "; did you mean a or b?", or nothing.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& names);

}  // namespace grid::cli
