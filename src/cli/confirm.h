// Questions to the person at the terminal.
#pragma once

#include <string>

#include "cli/io.h"

namespace grid::cli {

// Asks `question`, "delete cats:3?". Where there is nobody to ask it throws `invalid_argument`:
// `doing`, "deleting cats:3", needs --yes.
bool is_confirmed(Output& output, const std::string& question, const std::string& doing);

}  // namespace grid::cli
