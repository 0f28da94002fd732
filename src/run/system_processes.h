// Processes of the operating system.
#pragma once

#include <csignal>
#include <set>

#include "run/processes.h"

namespace grid::run {

// While this object lives, every signal that can be passed on is blocked in this thread and in the
// processes it forks. So it must be made before anything forks. Meanwhile this process also becomes
// the parent of what its children leave behind, so that kill_scripts() finds it.
class SystemProcesses final : public Processes {
 public:
  SystemProcesses();
  ~SystemProcesses() override;
  SystemProcesses(const SystemProcesses&) = delete;
  SystemProcesses& operator=(const SystemProcesses&) = delete;

  ChildProcess start(const StartOptions& options, const Work& work) override;
  std::optional<ProcessChange> find_change(pid_t child) override;
  bool was_continued(pid_t child) override;
  std::optional<ExitStatus> wait_for_end(pid_t process) override;
  void send(pid_t process, int signal) override;
  void kill_tree(pid_t child) override;
  void kill_scripts() override;
  int signals() const override { return signals_.get(); }
  std::optional<ArrivedSignal> take_signal() override;
  std::optional<int> find_end_signal() const override;
  void stop_self(int signal) override;
  void restore_callers_signals() override;
  Time now() const override { return std::chrono::steady_clock::now(); }
  bool poll(std::span<pollfd> events, std::chrono::milliseconds timeout) override;

 private:
  // Waits for the ended processes that this one did not start.
  void forget_orphans() const;

  int caller_is_subreaper_ = 0;
  std::set<pid_t> helpers_, scripts_;  // children whose ends were not returned yet
  sigset_t caller_mask_;
  struct sigaction caller_child_action_;
  FileDescriptor signals_;
};

// Raises the signal in this thread alone: the only one that does not block it then.
void raise_with_default_action(int signal);

}  // namespace grid::run
