// The members of JSON documents that describe a version, and the problems of a source.
#pragma once

#include <string_view>
#include <vector>

#include "dataset/datastore.h"
#include "service/json.h"
#include "source/problem.h"

namespace grid::service {

// Writes the version's members of docs/json-output.md into an object that was begun.
void write_version_members(JsonWriter& json, std::string_view name,
                           const dataset::Version& version);

// Writes the member "problems", an array of {"path", "reason", "unsupported"}.
void write_problems_member(JsonWriter& json, const std::vector<source::Problem>& problems);

}  // namespace grid::service
