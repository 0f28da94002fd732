#include "run/system_processes.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>

#include "base/error.h"
#include "base/fork.h"
#include "run/messages.h"
#include "run/process_tree.h"

namespace grid::run {

namespace {

sigset_t signals_passed_on() {
  sigset_t set;
  ::sigfillset(&set);
  // A signal that a thread causes itself must reach that thread. SIGURG wakes the threads that
  // serve the mount, and is not used otherwise.
  for (int signal :
       {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT, SIGPIPE, SIGXFSZ, SIGURG})
    ::sigdelset(&set, signal);
  return set;
}

Resources resources_of(const rusage& usage) {
  auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return {.user_seconds = seconds(usage.ru_utime),
          .system_seconds = seconds(usage.ru_stime),
          .memory_peak = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024};
}

// The status of a process that has ended.
ExitStatus exit_status_of(int wait_status) {
  if (WIFSIGNALED(wait_status)) return {0, WTERMSIG(wait_status)};
  return {WEXITSTATUS(wait_status), {}};
}

}  // namespace

SystemProcesses::SystemProcesses() {
  // With SIGCHLD ignored, as it may be inherited from the caller, exit statuses would be lost.
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  ::sigaction(SIGCHLD, &action, &caller_child_action_);
  const sigset_t passed_on = signals_passed_on();
  ::pthread_sigmask(SIG_BLOCK, &passed_on, &caller_mask_);
  signals_ = FileDescriptor(::signalfd(-1, &passed_on, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_) {
    const int error = errno;
    restore_callers_signals();
    throw system_error(error, "cannot wait for signals");
  }
  ::prctl(PR_GET_CHILD_SUBREAPER, &caller_is_subreaper_);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
}

SystemProcesses::~SystemProcesses() {
  ::prctl(PR_SET_CHILD_SUBREAPER, caller_is_subreaper_);
  // What has come was for the processes that have ended, whose status must still be passed on.
  while (take_signal()) {
  }
  restore_callers_signals();
}

void SystemProcesses::restore_callers_signals() {
  ::sigaction(SIGCHLD, &caller_child_action_, nullptr);
  ::pthread_sigmask(SIG_SETMASK, &caller_mask_, nullptr);
}

ChildProcess SystemProcesses::start(const StartOptions& options, const Work& work) {
  Channel channel = make_channel();
  std::set<pid_t>& group = options.is_script ? scripts_ : helpers_;
  const pid_t process = fork_child([&] {
    channel.ours.reset();
    ::prctl(PR_SET_NAME, options.name);
    if (options.own_group) ::setpgid(0, 0);
    work(std::move(channel.theirs));
    return 0;
  });
  if (process < 0) throw system_error(errno, "cannot start a process");
  group.insert(process);
  if (options.own_group) ::setpgid(process, process);  // here too: a signal may be sent at once
  return {process, std::move(channel.ours)};
}

std::optional<ProcessChange> SystemProcesses::find_change(pid_t child) {
  int status = 0;
  rusage usage{};
  pid_t changed;
  do {
    changed = ::wait4(child, &status, WNOHANG | WUNTRACED | WCONTINUED, &usage);
  } while (changed < 0 && errno == EINTR);
  if (changed == 0) return std::nullopt;
  assert(changed == child);  // nothing else waits for it
  if (WIFSTOPPED(status)) return ProcessChange{ProcessChange::Kind::stopped, {}, {}};
  if (WIFCONTINUED(status)) return ProcessChange{ProcessChange::Kind::continued, {}, {}};
  helpers_.erase(child);
  scripts_.erase(child);
  return ProcessChange{ProcessChange::Kind::ended, exit_status_of(status), resources_of(usage)};
}

bool SystemProcesses::was_continued(pid_t child) {
  siginfo_t change{};
  ::waitid(P_PID, static_cast<id_t>(child), &change, WEXITED | WCONTINUED | WNOHANG | WNOWAIT);
  return change.si_pid != 0;
}

std::optional<ExitStatus> SystemProcesses::wait_for_end(pid_t process) {
  int status = 0;
  pid_t ended;
  do {
    ended = ::waitpid(process, &status, 0);
  } while (ended < 0 && errno == EINTR);
  helpers_.erase(process);
  scripts_.erase(process);
  if (ended != process) return std::nullopt;
  return exit_status_of(status);
}

void SystemProcesses::send(pid_t process, int signal) { ::kill(process, signal); }

void SystemProcesses::kill_tree(pid_t child) {
  // Found before the child is killed: then it would have no descendants any more.
  kill_each([&] { return descendants_of(child, list_processes()); });
  ::kill(child, SIGKILL);
}

void SystemProcesses::kill_scripts() {
  kill_each([&] { return descendants_of(::getpid(), list_processes(), helpers_); });
  for (const pid_t script : scripts_) ::kill(script, SIGKILL);  // without /proc nothing was found
}

// Stops at the first child that another function waits for. What ended after it is found next time.
void SystemProcesses::forget_orphans() const {
  for (;;) {
    siginfo_t ended{};
    if (::waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) != 0 || ended.si_pid == 0) return;
    if (helpers_.contains(ended.si_pid) || scripts_.contains(ended.si_pid)) return;
    ::waitpid(ended.si_pid, nullptr, WNOHANG);
  }
}

std::optional<ArrivedSignal> SystemProcesses::take_signal() {
  signalfd_siginfo came{};
  if (::read(signals_.get(), &came, sizeof came) != sizeof came) return std::nullopt;
  if (came.ssi_signo == SIGCHLD) forget_orphans();
  // The terminal's signals come from the kernel, with the code SI_KERNEL.
  return ArrivedSignal{static_cast<int>(came.ssi_signo), came.ssi_code == SI_KERNEL};
}

std::optional<int> SystemProcesses::find_end_signal() const {
  sigset_t pending;
  if (::sigpending(&pending) != 0) return std::nullopt;
  for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
    struct sigaction action {};
    // A blocked signal waits even if it is ignored, as SIGINT is in a shell's background.
    if (::sigismember(&pending, signal) == 1 && ::sigaction(signal, nullptr, &action) == 0 &&
        action.sa_handler != SIG_IGN)
      return signal;
  }
  return std::nullopt;
}

void SystemProcesses::stop_self(int signal) {
  raise_with_default_action(signal);
  const timespec now{};
  sigset_t continued;
  ::sigemptyset(&continued);
  ::sigaddset(&continued, SIGCONT);
  ::sigtimedwait(&continued, nullptr, &now);
}

bool SystemProcesses::poll(std::span<pollfd> events, std::chrono::milliseconds timeout) {
  return ::poll(events.data(), events.size(), static_cast<int>(timeout.count())) > 0;
}

void raise_with_default_action(int signal) {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  struct sigaction former;
  ::sigaction(signal, &action, &former);
  sigset_t set, mask;
  ::sigemptyset(&set);
  ::sigaddset(&set, signal);
  ::pthread_sigmask(SIG_UNBLOCK, &set, &mask);
  ::raise(signal);
  ::pthread_sigmask(SIG_SETMASK, &mask, nullptr);
  ::sigaction(signal, &former, nullptr);
}

}  // namespace grid::run
