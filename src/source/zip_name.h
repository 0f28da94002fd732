// Names of a zip that does not say how they are encoded.
#pragma once

#include <string>
#include <string_view>

namespace grid::source {

// In UTF-8, from code page 437, which is what the zip format means where nothing is said.
std::string utf8_of_cp437(std::string_view text);

}  // namespace grid::source
