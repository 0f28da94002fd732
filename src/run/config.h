// The file grid.yml: what `grid run --config` takes from it.
//
//   compute:
//     train:
//       datastore_name: cats            or a list of names, each with or without a version
//       datastore_version: 3
//       datastore_mount_dir: /datastores
//       environment: {SEED: 1}          or a list of NAME=VALUE
//   hyper_params:
//     settings:
//       strategy: grid_search
//       strategy_options: {num_trials: 10, seed: 1}
//     params:
//       lr: [0.1, 0.01]                 becomes --lr "[0.1, 0.01]" after the script's arguments
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace grid::run {

// What the file sets; everything else is empty.
struct RunConfig {
  std::vector<std::string> datastore_names;
  std::string datastore_version;
  std::string datastore_mount_folder;
  std::vector<std::string> settings;  // "NAME=VALUE"
  std::string strategy;
  std::optional<std::uint64_t> num_trials, seed;
  std::vector<std::pair<std::string, std::string>> parameters;  // name and value, in sweep syntax

  bool operator==(const RunConfig&) const = default;
};

// Throws `not_found`; `invalid_argument`, with the line, for invalid YAML, an unknown key (with
// the nearest one) or a value of the wrong kind.
RunConfig read_config(const std::filesystem::path& path);

// The same from text; errors call it `name`.
RunConfig parse_config(const std::string& text, const std::string& name);

}  // namespace grid::run
