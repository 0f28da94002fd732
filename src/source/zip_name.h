// Names of a zip that does not say how they are encoded.
#pragma once

#include <string>
#include <string_view>

namespace grid::source {

// Converts from code page 437, the zip format's default, to UTF-8.
std::string utf8_of_cp437(std::string_view text);

}  // namespace grid::source
