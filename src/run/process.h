// The script's process: started inside its private mount, watched, and left exactly as if the
// caller had started it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "run/program.h"

namespace grid::run {

// How a process ended: one of the two.
struct ExitStatus {
  int status = 0;             // of exit(3)
  std::optional<int> signal;  // that killed it

  bool operator==(const ExitStatus&) const = default;
};

struct ProcessRequest {
  Program program;
  std::vector<std::string> environment;  // all of it, "NAME=VALUE"
  std::filesystem::path mount_folder;    // absolute
};

// One for the life of this process: while there is a ScriptProcess, every signal that can be
// passed on is blocked in this thread and the threads it starts. It kills what it started if it
// is destroyed before the end.
class ScriptProcess {
 public:
  // Forks, so it must come before the first thread. On return the child has its private mount and
  // waits; device() serves it. Throws as make_private_mount() does.
  explicit ScriptProcess(const ProcessRequest& request);
  ~ScriptProcess();
  ScriptProcess(const ScriptProcess&) = delete;
  ScriptProcess& operator=(const ScriptProcess&) = delete;

  FileDescriptor take_device() { return std::move(device_); }

  // Lets the child become the program. Throws if it cannot be executed.
  void start();

  // Returns when the program has ended, but not those that it started in the background. Until
  // then passes on the signals that this process gets, stops and continues with the program as
  // job control wants it, and calls `tick` every `interval`.
  ExitStatus wait(std::chrono::milliseconds interval, const std::function<void()>& tick);

 private:
  [[noreturn]] void become_program(const ProcessRequest& request, const FileDescriptor& parent,
                                   pid_t parent_pid) noexcept;
  void abandon();
  void pass_on(const siginfo_t& signal);
  std::optional<ExitStatus> find_end();
  void stop_with_program();

  sigset_t caller_mask_;
  struct sigaction caller_child_action_;
  pid_t child_ = -1;  // -1: it has ended
  FileDescriptor channel_;
  FileDescriptor device_;
  std::optional<int> stop_signal_;  // job control asked for it, and the program has yet to stop
  bool program_is_stopped_ = false;
};

// Ends this process as the program ended, by the same signal if it was one, so that the caller
// cannot tell the difference. Runs no destructors.
[[noreturn]] void exit_like(const ExitStatus& end);

}  // namespace grid::run
