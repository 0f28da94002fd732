// Names of datastores, and what people write to mean one of their versions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace grid::dataset {

using VersionNumber = std::uint32_t;  // from 1

// "cats", "cats:3", "cats:latest" or "cats@best".
struct Reference {
  std::string name;
  std::optional<VersionNumber> version{};  // empty: the one with the tag, else the newest ready one
  bool named_latest = false;               // written with ":latest"
  std::string tag{};                       // written with "@"; empty: none

  // Throws `invalid_argument` with the rule that was broken.
  static Reference parse(std::string_view text);
  // The same for a name and what stands where a version is asked for: "3", "latest" or "@best".
  static Reference parse(std::string_view name, std::string_view version);
  std::string text() const;  // as parse() takes it
  // Whether it says which version is meant, and not the datastore alone.
  bool names_version() const { return version || named_latest || !tag.empty(); }
};

bool is_datastore_name(std::string_view name);

// A tag is spelled like the name of a datastore, but it is neither a number nor "latest".
bool is_tag(std::string_view text);
void check_tag(std::string_view text);  // throws `invalid_argument` with the rule

// Throws `invalid_argument` with the rule.
void check_datastore_name(std::string_view name);

// The default name for a source: last path component without archive suffixes, lower-cased, letters
// with marks without them, other ASCII characters turned to '-'. Throws `invalid_argument` if that
// is no name of a datastore.
std::string datastore_name_of_source(std::string_view source);

// "cats:3"
std::string spell(std::string_view name, VersionNumber number);

// Those of `known` that `wanted` may have meant, nearest first, at most three.
std::vector<std::string> nearest_names(std::string_view wanted,
                                       const std::vector<std::string>& known);

// "; did you mean a or b?" with the nearest of `known`, or nothing: the end of a sentence.
std::string did_you_mean(std::string_view wanted, const std::vector<std::string>& known);

}  // namespace grid::dataset
