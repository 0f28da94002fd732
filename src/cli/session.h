// What the commands about sessions share.
#pragma once

#include <string>

#include "cli/command.h"
#include "run/runs.h"

namespace grid::cli {

// A live session. Throws `not_found` and, for one that has ended and for a run, `unavailable`.
run::RunFolder live_session(const run::Runs& runs, const std::string& name);

}  // namespace grid::cli
