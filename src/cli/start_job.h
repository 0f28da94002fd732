// Hands a prepared run over to an executor.
#pragma once

#include "cli/command.h"
#include "run/executor.h"
#include "run/prepare.h"

namespace grid::cli {

struct StartJobOptions {
  const run::Executor& executor;
  run::JobResources resources;
  unsigned parallel = 1;  // experiments that run at the same time
};

// Prints the run's name and returns 0. Throws if it cannot be started; then nothing is left of it.
int start_job(Context& context, const run::Runs& runs, run::PreparedRun& run,
              const StartJobOptions& options);

}  // namespace grid::cli
