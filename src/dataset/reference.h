// Names of datastores, and what people write to mean one of their versions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace grid::dataset {

using VersionNumber = std::uint32_t;  // from 1

// "cats", "cats:3" or "cats:latest".
struct Reference {
  std::string name;
  std::optional<VersionNumber> version;  // empty: the newest ready one
  bool named_latest = false;             // written with ":latest"

  // Throws `invalid_argument` with the rule that was broken.
  static Reference parse(std::string_view text);
  std::string text() const;  // as parse() takes it
};

bool is_datastore_name(std::string_view name);

// Throws `invalid_argument` with the rule.
void check_datastore_name(std::string_view name);

// The default name for a source: last path component without archive suffixes, lower-cased, blanks
// turned to '-'. Throws `invalid_argument` if that is no name of a datastore.
std::string datastore_name_of_source(std::string_view source);

// "cats:3"
std::string spell(std::string_view name, VersionNumber number);

// Those of `known` that `wanted` may have meant, nearest first, at most three.
std::vector<std::string> nearest_names(std::string_view wanted,
                                       const std::vector<std::string>& known);

// "; did you mean a or b?" with the nearest of `known`, or nothing: the end of a sentence.
std::string did_you_mean(std::string_view wanted, const std::vector<std::string>& known);

}  // namespace grid::dataset
