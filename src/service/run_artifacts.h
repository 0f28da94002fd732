// The files that a run wrote to its artifacts folder.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

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

void write_document(JsonWriter& json, const RunArtifacts& artifacts);

}  // namespace grid::service
