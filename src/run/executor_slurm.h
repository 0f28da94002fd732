// Jobs of Slurm, through its commands: sbatch, squeue, scontrol and scancel of the PATH.
#pragma once

#include "run/executor.h"

namespace grid::run {

// The job is a batch script that becomes the job's command, so that a signal to the one is a
// signal to the other. The node must see the folder of the runs and the store under the same
// paths, as where home folders are shared.
class SlurmExecutor : public Executor {
 public:
  std::string_view name() const override { return "slurm"; }
  void check() const override;
  std::string start(const JobRequest& request) const override;
  std::optional<RunState> find_state(const std::string& job) const override;
  void ask_to_end(const std::string& job) const override;
  void kill(const std::string& job) const override;
};

}  // namespace grid::run
