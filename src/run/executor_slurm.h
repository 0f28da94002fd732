// Slurm jobs, through the commands sinfo, sbatch, squeue and scancel in the PATH.
#pragma once

#include "run/executor.h"

namespace grid::run {

// The job is a batch script that execs the job's command, so that a signal to the script reaches
// the command. The node must see the runs' folder and the store at the same paths, as with shared
// home folders.
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
