// The folder that this process is in.
#pragma once

#include <filesystem>

namespace grid {

// Its path. For a folder that was deleted the path that it had; then `*was_deleted` is true.
std::filesystem::path current_folder(bool* was_deleted) noexcept;

// Its path. Throws `not_found` for a folder that was deleted.
std::filesystem::path get_current_folder();

}  // namespace grid
