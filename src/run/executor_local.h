// Jobs as processes of this machine that live on without their terminal.
#pragma once

#include "run/executor.h"

namespace grid::run {

// What a LocalExecutor would call this very process.
std::string own_job();

// A job is called as its process: its number and when it started, so that a number that was given
// away again is not taken for it.
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
