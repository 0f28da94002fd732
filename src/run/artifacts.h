// The files that a run wrote to be kept: those below its artifacts folder.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace grid::run {

struct Artifact {
  std::string path;  // below the folder
  std::uint64_t size = 0;

  bool operator==(const Artifact&) const = default;
};

// A file or folder that could not be read, or copied. It costs no other.
struct ArtifactFailure {
  std::string path;  // below the folder; empty for the folder itself
  std::string reason;

  bool operator==(const ArtifactFailure&) const = default;
};

struct ArtifactList {
  std::vector<Artifact> artifacts;  // sorted by path
  std::vector<ArtifactFailure> failures;
};

// All files; none if there is no folder.
ArtifactList list_artifacts(const std::filesystem::path& folder);

// The files below `folder` that were written or changed since `time`.
ArtifactList changed_since(const std::filesystem::path& folder,
                           std::chrono::system_clock::time_point time);

// Copies files to the same paths below `to`, which is made if needed; replaces existing files.
// Returns those that could not be copied.
std::vector<ArtifactFailure> copy_artifacts(const std::filesystem::path& folder,
                                            const std::vector<Artifact>& artifacts,
                                            const std::filesystem::path& to);

// "2 artifacts could not be kept: a: Permission denied; b/c: …", with the first few named. `verb`
// is what could not be done to them.
std::string spell_failures(const std::vector<ArtifactFailure>& failures, std::string_view verb);

}  // namespace grid::run
