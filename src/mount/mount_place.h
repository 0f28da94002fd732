// Where a mount must not be: a server that reads a file through its own mount waits for itself, and
// not even SIGKILL ends that.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>

namespace grid::mount {

// A folder that grid itself uses.
struct OwnFolder {
  std::string noun;            // what it is to people
  std::filesystem::path path;  // absolute; need not exist
};

// The first of `own` that a mount at `folder` would cover, or that it would lie in, by whatever
// links and bind mounts the paths lead there. `folder` is absolute and need not exist.
std::optional<OwnFolder> find_own_folder_at(const std::filesystem::path& folder,
                                            std::span<const OwnFolder> own);

}  // namespace grid::mount
