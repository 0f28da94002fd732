// What a run wrote and is kept: the files below its artifacts folder.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace grid::run {

struct Artifact {
  std::string path;  // below the folder
  std::uint64_t size = 0;

  bool operator==(const Artifact&) const = default;
};

// All files, by path. No folder is no artifacts.
std::vector<Artifact> list_artifacts(const std::filesystem::path& folder);

// Copies files to the same places below `to`, which is made if need be; files that are there are
// replaced.
void copy_artifacts(const std::filesystem::path& folder, const std::vector<Artifact>& artifacts,
                    const std::filesystem::path& to);

// Those of a folder's files that were written or changed since `time`.
std::vector<Artifact> changed_since(const std::filesystem::path& folder,
                                    std::chrono::system_clock::time_point time);

}  // namespace grid::run
