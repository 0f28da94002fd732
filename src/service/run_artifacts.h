// The files that a run wrote to its artifacts folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "run/artifacts.h"
#include "service/json.h"
#include "service/settings.h"

namespace grid::service {

struct RunArtifacts {
  std::string run;
  std::filesystem::path folder;
  std::vector<run::Artifact> artifacts;        // by path
  std::vector<run::ArtifactFailure> failures;  // what cannot be listed
};

// All of a run's artifacts, or those with a match of the regular expression `match` in their path.
// Throws `not_found` with the nearest names, `invalid_argument` if `match` is not a regular
// expression.
RunArtifacts list_artifacts(const Settings& settings, const std::string& name,
                            const std::optional<std::string>& match = std::nullopt);

// The folder of a run's artifacts, if that is what the source of a create names: "grid:run:NAME".
// Throws `not_found` with the nearest names.
std::optional<std::filesystem::path> find_artifacts(const Settings& settings,
                                                    std::string_view source);

// One of them, open for reading.
struct OpenArtifact {
  std::string path;
  FileDescriptor file;
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
  std::uint64_t inode = 0;
};

// Follows no link. Throws `not_found`, and `invalid_argument` for what is no file.
OpenArtifact open_artifact(const Settings& settings, const std::string& run,
                           const std::string& path);

void write_document(JsonWriter& json, const RunArtifacts& artifacts);

}  // namespace grid::service
