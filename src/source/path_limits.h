// What every file system and system call can take of a path, and so every source may bring.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace grid::source {

constexpr std::size_t name_size_max = 255;       // bytes
constexpr std::size_t path_size_max = 32 << 10;  // bytes; longer ones are walked folder by folder

// Why nothing can be written at this path, as in "it …"; empty if something can.
std::string why_path_is_too_long(std::string_view path);

}  // namespace grid::source
