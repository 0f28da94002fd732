// The processes of scripts: started inside a private mount and watched; otherwise exactly as if the
// caller had started them.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "run/private_mount.h"
#include "run/processes.h"
#include "run/program.h"

namespace grid::run {

struct ScriptRequest {
  Program program;
  std::vector<std::string> environment;   // complete, as "NAME=VALUE"
  const PrivateMount* mount = nullptr;    // null: the script sees what this process sees
  std::filesystem::path mount_folder;     // seen from inside, absolute
  int input = 0, output = 1, errors = 2;  // become its standard streams
  bool own_group = false;  // not reached by the terminal's signals; killed with its children
};

struct ScriptEnd {
  std::size_t number = 0;  // from start()
  ExitStatus status;
  Resources used;
};

// The destructor kills the scripts that still run; if this process is killed, the kernel does.
class Scripts {
 public:
  explicit Scripts(Processes& processes) : processes_(processes) {}
  ~Scripts();
  Scripts(const Scripts&) = delete;
  Scripts& operator=(const Scripts&) = delete;

  // Returns the script's number (0, 1, …) when its program runs. Throws if it cannot be executed,
  // and as await_message() does.
  std::size_t start(const ScriptRequest& request);

  std::size_t running_count() const { return running_.size(); }
  pid_t process_of(std::size_t number) const { return running_.at(number).process; }

  // Returns when a script has ended, without waiting for its background processes; or, empty, when
  // `interval` has passed or one of `watched` is ready. Meanwhile passes on the signals that this
  // process gets, and stops and continues with the scripts as job control requires.
  std::optional<ScriptEnd> wait(std::chrono::milliseconds interval, std::span<pollfd> watched);

  // The last signal to end this process that was passed on, if any.
  std::optional<int> told_to_end() const { return told_to_end_; }
  // Whether the terminal has been resized since the last call.
  bool take_resize() { return std::exchange(resized_, false); }

  void signal_all(int signal);
  // For a request to end that did not come as a signal. A signal to this process that means the
  // same request, and comes before or after it, reaches the scripts only once.
  void ask_all_to_end(int signal);
  void ask_to_end(std::size_t number);
  // Ends a script, or all of them, at once, with everything that they have started.
  void kill(std::size_t number);
  void kill_all();
  // Passes on the signals that have arrived.
  void take_signals();

 private:
  struct Running {
    pid_t process;
    bool own_group;
    bool is_stopped = false;
  };

  void become_program(const ScriptRequest& request, const FileDescriptor& parent,
                      pid_t parent_pid) noexcept;
  void pass_on(const ArrivedSignal& signal);
  std::optional<ScriptEnd> find_end();
  bool all_are_stopped() const;
  void stop_with_scripts();
  void send(const Running& script, int signal);

  Processes& processes_;
  std::map<std::size_t, Running> running_;
  std::size_t started_count_ = 0;
  std::optional<int> stop_signal_;  // from job control, while the scripts have not all stopped
  std::optional<int> told_to_end_;
  std::set<int> passed_on_;  // signals by which another process asked for the end
  std::set<int> expected_;   // signals that were anticipated by ask_all_to_end()
  bool resized_ = false;
};

// Replaces this process by the program. Throws if it cannot be executed.
[[noreturn]] void become(const Program& program, const std::vector<std::string>& environment);

}  // namespace grid::run
