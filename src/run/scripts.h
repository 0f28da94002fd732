// The processes of scripts: started inside a private mount, watched, and left exactly as if the
// caller had started them.
#pragma once

#include <poll.h>
#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "run/private_mount.h"
#include "run/program.h"

namespace grid::run {

// How a process ended: one of the two.
struct ExitStatus {
  int status = 0;             // of exit(3)
  std::optional<int> signal;  // that killed it

  bool operator==(const ExitStatus&) const = default;
};

// What a process and those of its descendants that it waited for have used.
struct Resources {
  double user_seconds = 0, system_seconds = 0;
  std::uint64_t memory_peak = 0;  // bytes, of the largest of these processes

  bool operator==(const Resources&) const = default;
};

struct ScriptRequest {
  Program program;
  std::vector<std::string> environment;   // all of it, "NAME=VALUE"
  const PrivateMount* mount = nullptr;    // null: the script sees what this process sees
  std::filesystem::path mount_folder;     // in it, absolute
  int input = 0, output = 1, errors = 2;  // become its standard streams
  bool own_group = false;  // out of reach of the terminal's signals; killed with its children
};

struct ScriptEnd {
  std::size_t number = 0;  // as start() said
  ExitStatus status;
  Resources used;
};

// One object for the life of this process: while it lives, every signal that can be passed on is
// blocked in this thread and in the processes it forks. It kills what has not ended when it is
// destroyed; if this process is killed, the kernel kills them. Forks, so there must be one thread.
class Scripts {
 public:
  Scripts();
  ~Scripts();
  Scripts(const Scripts&) = delete;
  Scripts& operator=(const Scripts&) = delete;

  // Returns when the program runs, with its number: 0, 1, … Throws if it cannot be executed.
  std::size_t start(const ScriptRequest& request);

  std::size_t running_count() const { return running_.size(); }
  pid_t process_of(std::size_t number) const { return running_.at(number).process; }

  // Returns when a script has ended, though not those that it started in the background; or, empty,
  // when `interval` has passed or one of `watched` is ready. Passes on the signals that this
  // process gets, stops and continues with the scripts as job control wants it.
  std::optional<ScriptEnd> wait(std::chrono::milliseconds interval, std::span<pollfd> watched);

  // The signal, meant to end this process, that was passed on last, if there was one.
  std::optional<int> told_to_end() const { return told_to_end_; }
  // A new size of the terminal arrived since the last call.
  bool take_resize() { return std::exchange(resized_, false); }

  void signal_all(int signal);

 private:
  struct Running {
    pid_t process;
    bool own_group;
    bool is_stopped = false;
  };

  [[noreturn]] void become_program(const ScriptRequest& request, const FileDescriptor& parent,
                                   pid_t parent_pid) noexcept;
  void pass_on(int number, bool from_terminal);
  std::optional<ScriptEnd> find_end();
  bool all_are_stopped() const;
  void stop_with_scripts();
  static void send(const Running& script, int signal);

  sigset_t caller_mask_;
  struct sigaction caller_child_action_;
  FileDescriptor signals_;
  std::map<std::size_t, Running> running_;
  std::size_t started_count_ = 0;
  std::optional<int> stop_signal_;  // job control asked for it, and the scripts have yet to stop
  std::optional<int> told_to_end_;
  bool resized_ = false;
};

// This process becomes the program. Throws if it cannot be executed.
[[noreturn]] void become(const Program& program, const std::vector<std::string>& environment);

// Ends this process as the program ended, by the same signal if it was one, so that the caller
// cannot tell the difference. Runs no destructors.
[[noreturn]] void exit_like(const ExitStatus& end);

}  // namespace grid::run
