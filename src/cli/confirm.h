// Questions to the person at the terminal.
#pragma once

#include <string>

#include "cli/io.h"

namespace grid::cli {

// Asks `question`, such as "delete cats:3?". Without a terminal to ask on it throws
// `invalid_argument`: `doing`, such as "deleting cats:3", needs --yes.
bool is_confirmed(Output& output, const std::string& question, const std::string& doing);

}  // namespace grid::cli
