// How versions and problems are shown by the commands that show any.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/io.h"
#include "dataset/datastore.h"
#include "service/json.h"
#include "source/problem.h"
#include "tree/manifest.h"

namespace grid::cli {

// "cats:3"
std::string spell(std::string_view name, dataset::VersionNumber number);

// The version's members of docs/json-output.md, into an object that is already begun.
void write_version_members(service::JsonWriter& json, std::string_view name,
                           const dataset::Version& version);

// The member "problems": an array of {"path", "reason", "unsupported"}.
void write_problems_member(service::JsonWriter& json, const std::vector<source::Problem>& problems);

// A line for each problem.
void warn_of_problems(Output& output, const std::vector<source::Problem>& problems);

// A path inside a version as people write it, made canonical: no leading or trailing '/', no "."
// and no empty components. Throws `invalid_argument` for "..".
std::string path_in_version(std::string_view written);

// The entry at a canonical path that is not empty. Throws `not_found` with the nearest names.
tree::EntryRef entry_at(const tree::Manifest& manifest, std::string_view version,
                        std::string_view path);

}  // namespace grid::cli
