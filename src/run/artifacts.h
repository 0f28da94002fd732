// The files that a run wrote to be kept: those below its artifacts folder.
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

// All files, sorted by path; none if there is no folder.
std::vector<Artifact> list_artifacts(const std::filesystem::path& folder);

// Copies files to the same paths below `to`, which is made if needed; replaces existing files.
void copy_artifacts(const std::filesystem::path& folder, const std::vector<Artifact>& artifacts,
                    const std::filesystem::path& to);

// The files below `folder` that were written or changed since `time`.
std::vector<Artifact> changed_since(const std::filesystem::path& folder,
                                    std::chrono::system_clock::time_point time);

}  // namespace grid::run
