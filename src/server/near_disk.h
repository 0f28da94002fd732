// Which folders can be asked without a network.
#pragma once

#include <filesystem>

namespace grid::server {

// Whether a folder is on a disk of this machine, or in its memory. False for a kind of file system
// that is not known. For a folder that is not there yet the one above it counts.
bool is_on_near_disk(const std::filesystem::path& folder);

}  // namespace grid::server
