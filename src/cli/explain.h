// Says where the time of reading went.
#pragma once

#include <string>

#include "run/record.h"

namespace grid::cli {

// Lines for the end of a run, or for `status`; empty if the kernel requested nothing.
std::string explain_reading(const run::RunRecord& record);

}  // namespace grid::cli
