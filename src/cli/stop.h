// Ending runs and sessions.
#pragma once

#include <chrono>

#include "cli/command.h"
#include "run/runs.h"

namespace grid::cli {

OptionSpec stop_wait_option();
// What --wait says. Throws `invalid_argument`.
std::chrono::seconds stop_patience(const Arguments& arguments);

// Asks a run to end, kills it after `patience`, and returns when it is over. Throws `unavailable`
// if it is over already.
int stop_run(Context& context, const run::Runs& runs, const run::RunFolder& folder,
             std::chrono::seconds patience);

}  // namespace grid::cli
