// Jobs as processes of this machine, detached from the terminal.
#pragma once

#include "run/executor.h"

namespace grid::run {

// The name that a LocalExecutor would give this process.
std::string own_job();

// A job is named by its process: number, start time and the start of its machine, so that no other
// process with the same number is mistaken for it.
class LocalExecutor : public Executor {
 public:
  std::string_view name() const override { return "local"; }
  void check() const override {}
  std::string start(const JobRequest& request) const override;
  std::optional<RunState> find_state(const std::string& job) const override;
  void ask_to_end(const std::string& job) const override;
  void kill(const std::string& job) const override;
  void hang_up(const std::string& job) const;  // SIGHUP
};

}  // namespace grid::run
