// How documents describe a version, and what a source had that it could not keep.
#pragma once

#include <string_view>
#include <vector>

#include "dataset/datastore.h"
#include "service/json.h"
#include "source/problem.h"

namespace grid::service {

// The version's members of docs/json-output.md, into an object that is already begun.
void write_version_members(JsonWriter& json, std::string_view name,
                           const dataset::Version& version);

// The member "problems": an array of {"path", "reason", "unsupported"}.
void write_problems_member(JsonWriter& json, const std::vector<source::Problem>& problems);

}  // namespace grid::service
