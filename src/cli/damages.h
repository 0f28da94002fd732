// How damage is shown.
#pragma once

#include <vector>

#include "care/verify.h"
#include "cli/io.h"

namespace grid::cli {

// A line for each: the datastore, version and path, as far as they are known, and the reason.
void write_damages(Output& output, const std::vector<care::Damage>& damages);

// Warns of what a listing had to leave out. The exit status that goes with it: 1 if there is any.
int warn_of_unreadable(Output& output, const std::vector<care::Damage>& unreadable);

}  // namespace grid::cli
