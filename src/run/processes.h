// What the supervisor of a run asks of the operating system: processes, signals and time. Its
// decisions stand above this interface, and tests/support/fake_processes.h puts them to the test:
// there nothing is forked, and time passes only when somebody waits.
#pragma once

#include <poll.h>
#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <span>

#include "base/file.h"
#include "run/process_end.h"

namespace grid::run {

struct StartOptions {
  const char* name = "";   // in ps, at most 15 bytes
  bool own_group = false;  // out of reach of the terminal's signals
};

// A process that was forked, and the other end of its channel (see messages.h).
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
  bool from_terminal = false;  // so that every process of its group has it already
};

// To be used by one thread, and while there is no other one: it forks.
class Processes {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // What a child does, given its end of the channel. The process ends when this returns.
  using Work = std::function<void(FileDescriptor supervisor)>;

  virtual ~Processes() = default;

  // Forks. Throws `unavailable` if there can be no other process.
  virtual ChildProcess start(const StartOptions& options, const Work& work) = 0;

  // What became of a child, each change told once; empty if there is nothing new.
  virtual std::optional<ProcessChange> find_change(pid_t child) = 0;
  // Whether find_change() would tell an end or that the child was continued.
  virtual bool was_continued(pid_t child) = 0;
  // Waits until the process has ended. Empty if it is no child of this one.
  virtual std::optional<ExitStatus> wait_for_end(pid_t process) = 0;
  // kill(2): a negative number means a group.
  virtual void send(pid_t process, int signal) = 0;

  // Readable when signals have arrived; they do nothing else to this process.
  virtual int signals() const = 0;
  virtual std::optional<ArrivedSignal> take_signal() = 0;
  // Stops this process, as a signal of job control does that is not handled. Returns when it is
  // continued, with the SIGCONT that did it taken.
  virtual void stop_self(int signal) = 0;
  // In a child that becomes a program: its signals are to be as our caller left them.
  virtual void restore_callers_signals() = 0;

  virtual Time now() const = 0;
  // poll(2). Returns whether one of `events` is ready.
  virtual bool poll(std::span<pollfd> events, std::chrono::milliseconds timeout) = 0;
};

}  // namespace grid::run
