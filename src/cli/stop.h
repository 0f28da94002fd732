// Ending runs and sessions.
#pragma once

#include "cli/command.h"
#include "service/run_stops.h"

namespace grid::cli {

OptionSpec stop_wait_option();

// From --wait; says when the run is killed. Throws `invalid_argument`.
service::StopRequest stop_request(Output& output, const Arguments& arguments);

void write_stopped(Output& output, const service::StoppedRun& stopped);

}  // namespace grid::cli
