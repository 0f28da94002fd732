// How damage is shown.
#pragma once

#include <vector>

#include "care/verify.h"
#include "cli/io.h"

namespace grid::cli {

// A line for each: the datastore, version and path, as far as they are known, and the reason.
void write_damages(Output& output, const std::vector<care::Damage>& damages);

}  // namespace grid::cli
