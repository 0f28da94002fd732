// The JSON document of a failure.
#pragma once

#include <string_view>
#include <vector>

#include "base/error.h"
#include "service/json.h"
#include "source/problem.h"

namespace grid::service {

void write_error_document(JsonWriter& json, ErrorKind kind, std::string_view sentence);
// The same for a source that could not be kept, with its problems.
void write_error_document(JsonWriter& json, ErrorKind kind, std::string_view sentence,
                          const std::vector<source::Problem>& problems);

}  // namespace grid::service
