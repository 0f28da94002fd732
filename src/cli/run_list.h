// How commands show runs.
#pragma once

#include <string>
#include <vector>

#include "cli/io.h"
#include "service/runs.h"

namespace grid::cli {

using service::ObservedRun;

// "python3 main.py --lr 0.1", with quotes where a shell wants them.
std::string spell_command(const std::vector<std::string>& command);

// "done", "failed (status 3)", "failed (signal 9, Killed)".
std::string spell_state(const ObservedRun& run);

// "1 min 20 s", up to now for a run that is not over; empty if it has not started or its end is
// unknown.
std::string spell_time_taken(const ObservedRun& run);

// A table, one line for each run.
void write_runs(Output& output, const std::vector<ObservedRun>& runs);

}  // namespace grid::cli
