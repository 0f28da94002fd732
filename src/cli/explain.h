// Where the time of reading went, in words.
#pragma once

#include <string>

#include "run/record.h"

namespace grid::cli {

// Lines for the end of a run, or for `status`; empty if nothing was asked of the datastores.
std::string explain_reading(const run::RunRecord& record);

}  // namespace grid::cli
