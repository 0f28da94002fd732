// Starts a prepared run as a job.
#pragma once

#include "cli/command.h"
#include "service/run_starts.h"

namespace grid::cli {

// Prints the run's name and returns 0. Throws as service::start_job() does.
int start_job(Context& context, run::PreparedRun run, run::JobResources resources = {},
              unsigned parallel = 1);

}  // namespace grid::cli
