// What the supervisor of a run needs from the operating system: processes, signals and time. Its
// decisions are made above this interface and tested with tests/support/fake_processes.h, which
// forks nothing and lets time pass only while the supervisor waits.
#pragma once

#include <poll.h>
#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <functional>
#include <optional>
#include <span>

#include "base/file.h"
#include "run/process_end.h"

namespace grid::run {

struct StartOptions {
  const char* name = "";   // in ps, at most 15 bytes
  bool own_group = false;  // not reached by the terminal's signals
  bool is_script = false;  // see Processes::kill_scripts()
};

// A forked process, and our end of its channel (see messages.h).
struct ChildProcess {
  pid_t process = 0;
  FileDescriptor channel;
};

struct ProcessChange {
  enum class Kind { ended, stopped, continued };
  Kind kind = Kind::ended;
  ExitStatus status;  // of one that ended
  Resources used;     // by one that ended
};

struct ArrivedSignal {
  int number = 0;
  bool from_terminal = false;  // every process of its group has got it already
};

// Whether a signal asks a process to end.
inline bool means_end(int signal) {
  return signal == SIGTERM || signal == SIGINT || signal == SIGHUP || signal == SIGQUIT;
}

// To be used only while the process has one thread, since it forks.
class Processes {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // What a child does with its end of the channel. The child ends when this returns or throws.
  using Work = std::function<void(FileDescriptor supervisor)>;

  virtual ~Processes() = default;

  // Forks. Throws `unavailable` if no process can be made.
  virtual ChildProcess start(const StartOptions& options, const Work& work) = 0;

  // The next change of a child, each returned once; empty if there is nothing new.
  virtual std::optional<ProcessChange> find_change(pid_t child) = 0;
  // Whether find_change() would return an end or a continuation.
  virtual bool was_continued(pid_t child) = 0;
  // Waits until the process has ended. Empty if it is not a child of this one.
  virtual std::optional<ExitStatus> wait_for_end(pid_t process) = 0;
  // kill(2): a negative number means a group. For children whose end was not returned yet, since
  // the number of any other process may come to mean another one.
  virtual void send(pid_t process, int signal) = 0;
  // Sends SIGKILL to a child and to what descends from it.
  virtual void kill_tree(pid_t child) = 0;
  // Sends SIGKILL to all that the scripts have started, also to what a script left behind.
  virtual void kill_scripts() = 0;

  // Readable when signals have arrived. They have no other effect on this process.
  virtual int signals() const = 0;
  virtual std::optional<ArrivedSignal> take_signal() = 0;
  // A signal that asks this process to end and was not taken yet. Leaves it there.
  virtual std::optional<int> find_end_signal() const = 0;
  // Stops this process, as an unhandled job-control signal does. Returns when it is continued,
  // having consumed the SIGCONT.
  virtual void stop_self(int signal) = 0;
  // For a child about to become a program: restores the signal settings that our caller left.
  virtual void restore_callers_signals() = 0;

  virtual Time now() const = 0;
  // poll(2). Returns whether one of `events` is ready.
  virtual bool poll(std::span<pollfd> events, std::chrono::milliseconds timeout) = 0;
};

}  // namespace grid::run
