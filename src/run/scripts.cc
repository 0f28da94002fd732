// A script is told to start over a pair of sockets: the end of the stream says that it has become
// the program, a message that it could not.
//
// Signals. The terminal sends its signals (Ctrl-C, Ctrl-Z, a new size) to every process of the
// group, so the scripts have them already; the kernel marks them SI_KERNEL. All others were sent to
// this process alone, by kill(2), and are passed on. This process must outlive the scripts, whose
// end it records, so no signal but SIGKILL and SIGSTOP acts on it directly.
#include "run/scripts.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>

#include "base/error.h"
#include "mount/mount_point.h"
#include "run/messages.h"

namespace grid::run {

namespace {

sigset_t signals_passed_on() {
  sigset_t set;
  ::sigfillset(&set);
  // What a thread does to itself must reach that thread. SIGURG wakes the threads that serve the
  // mount, and is sent to nobody else in earnest.
  for (int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT, SIGPIPE, SIGURG})
    ::sigdelset(&set, signal);
  return set;
}

bool means_end(int signal) {
  return signal == SIGTERM || signal == SIGINT || signal == SIGHUP || signal == SIGQUIT;
}

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> out;
  for (const std::string& word : words) out.push_back(const_cast<char*>(word.c_str()));
  out.push_back(nullptr);
  return out;
}

Error cannot_execute(const Program& program, int error_number) {
  if (error_number == ENOENT && ::access(program.file.c_str(), F_OK) == 0)
    return Error(
        ErrorKind::not_found,
        fmt::format("cannot start {}: the interpreter that it names does not exist", program.file));
  return system_error(error_number, fmt::format("cannot start {}", program.file));
}

// Returns only if the program cannot be executed. A text without "#!" is a shell script, as for
// every shell and execvp(3).
Error execute(const Program& program, const std::vector<std::string>& environment) {
  std::vector<char*> variables = pointers(environment);
  ::execve(program.file.c_str(), pointers(program.arguments).data(), variables.data());
  if (errno == ENOEXEC) {
    std::vector<std::string> arguments = program.arguments;
    arguments.front() = program.file;
    arguments.insert(arguments.begin(), "/bin/sh");
    ::execve("/bin/sh", pointers(arguments).data(), variables.data());
  }
  return cannot_execute(program, errno);
}

std::optional<ExitStatus> end_of(int wait_status) {
  if (WIFEXITED(wait_status)) return ExitStatus{WEXITSTATUS(wait_status), {}};
  if (WIFSIGNALED(wait_status)) return ExitStatus{0, WTERMSIG(wait_status)};
  return std::nullopt;
}

Resources resources_of(const rusage& usage) {
  auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return {.user_seconds = seconds(usage.ru_utime),
          .system_seconds = seconds(usage.ru_stime),
          .memory_peak = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024};
}

// Acts on this thread alone, which is the only one that does not block the signal then.
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

}  // namespace

Scripts::Scripts() {
  // An ignored SIGCHLD, which a caller may hand down, would take the exit status away.
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  ::sigaction(SIGCHLD, &action, &caller_child_action_);
  const sigset_t passed_on = signals_passed_on();
  ::pthread_sigmask(SIG_BLOCK, &passed_on, &caller_mask_);
  signals_ = FileDescriptor(::signalfd(-1, &passed_on, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_) throw system_error(errno, "cannot wait for signals");
}

Scripts::~Scripts() {
  for (auto& [number, script] : running_) {
    send(script, SIGKILL);
    ::waitpid(script.process, nullptr, 0);
  }
  ::sigaction(SIGCHLD, &caller_child_action_, nullptr);
  ::pthread_sigmask(SIG_SETMASK, &caller_mask_, nullptr);
}

std::size_t Scripts::start(const ScriptRequest& request) {
  Channel channel = make_channel();
  const pid_t self = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) {
    channel.ours.reset();
    become_program(request, channel.theirs, self);
  }
  if (child < 0) throw system_error(errno, "cannot start a process");
  if (request.own_group) ::setpgid(child, child);  // here too: a signal may come at once
  channel.theirs.reset();
  try {
    check_failure(receive_message(channel.ours));
  } catch (const Error&) {
    ::waitpid(child, nullptr, 0);
    throw;
  }
  const std::size_t number = started_count_++;
  running_.emplace(number, Running{.process = child, .own_group = request.own_group});
  return number;
}

namespace {

// Puts three descriptors in the place of the standard streams.
void become_streams(int input, int output, int errors) {
  const std::array<int, 3> wanted = {input, output, errors};
  std::array<int, 3> copies;
  // Copied out of the way first: one stream's place may hold what another is to become.
  for (std::size_t i = 0; i < 3; ++i) {
    if (wanted[i] == static_cast<int>(i)) continue;
    copies[i] = ::fcntl(wanted[i], F_DUPFD_CLOEXEC, 3);
    if (copies[i] < 0) throw system_error(errno, "cannot set up the script's streams");
  }
  for (std::size_t i = 0; i < 3; ++i)
    if (wanted[i] != static_cast<int>(i) && ::dup2(copies[i], static_cast<int>(i)) < 0)
      throw system_error(errno, "cannot set up the script's streams");
}

}  // namespace

void Scripts::become_program(const ScriptRequest& request, const FileDescriptor& parent,
                             pid_t parent_pid) noexcept {
  try {
    if (request.own_group) ::setpgid(0, 0);
    if (request.mount) enter(*request.mount);
    // Should the parent be killed, nobody records what the program does, and nobody looks after
    // its files. Entering a namespace would clear the wish.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // Or the parent died before the wish was known to the kernel.
    if (::getppid() != parent_pid) ::_exit(1);
    if (request.mount) mount::raise_read_ahead(request.mount_folder);
    become_streams(request.input, request.output, request.errors);
    ::sigaction(SIGCHLD, &caller_child_action_, nullptr);
    ::pthread_sigmask(SIG_SETMASK, &caller_mask_, nullptr);
    throw execute(request.program, request.environment);
  } catch (const Error& error) {
    send_failure(parent, error);
  } catch (const std::exception& error) {  // std::filesystem's
    send_failure(parent, Error(ErrorKind::unavailable, error.what()));
  }
  ::_exit(1);
}

std::optional<ScriptEnd> Scripts::wait(std::chrono::milliseconds interval,
                                       std::span<pollfd> watched) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point until = Clock::now() + interval;
  std::vector<pollfd> events(watched.begin(), watched.end());
  events.push_back({.fd = signals_.get(), .events = POLLIN, .revents = 0});
  for (;;) {
    if (std::optional<ScriptEnd> end = find_end()) return end;
    if (stop_signal_ && all_are_stopped()) stop_with_scripts();
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left < 0) return std::nullopt;
    if (::poll(events.data(), events.size(), static_cast<int>(left) + 1) <= 0) continue;
    signalfd_siginfo came{};
    while (::read(signals_.get(), &came, sizeof came) == sizeof came)
      pass_on(static_cast<int>(came.ssi_signo), came.ssi_code == SI_KERNEL);
    bool any = false;
    for (std::size_t i = 0; i < watched.size(); ++i) {
      watched[i].revents = events[i].revents;
      any = any || watched[i].revents != 0;
    }
    if (any) return find_end();
  }
}

void Scripts::pass_on(int number, bool from_terminal) {
  if (number == SIGCHLD) return;
  if (number == SIGTSTP || number == SIGTTIN || number == SIGTTOU) stop_signal_ = number;
  if (number == SIGCONT) stop_signal_.reset();
  if (number == SIGWINCH) resized_ = true;
  if (means_end(number)) told_to_end_ = number;
  for (const auto& [script_number, script] : running_)
    if (!from_terminal || script.own_group) send(script, number);
}

void Scripts::send(const Running& script, int signal) {
  ::kill(script.own_group ? -script.process : script.process, signal);
}

void Scripts::signal_all(int signal) {
  for (const auto& [number, script] : running_) send(script, signal);
}

std::optional<ScriptEnd> Scripts::find_end() {
  for (auto it = running_.begin(); it != running_.end(); ++it) {
    auto& [number, script] = *it;
    int status;
    rusage usage{};
    pid_t changed;
    while ((changed = ::wait4(script.process, &status, WNOHANG | WUNTRACED | WCONTINUED, &usage)) !=
           0) {
      if (changed < 0 && errno == EINTR) continue;
      assert(changed == script.process);  // nobody else waits for it
      if (std::optional<ExitStatus> end = end_of(status)) {
        ScriptEnd ended{number, *end, resources_of(usage)};
        running_.erase(it);
        return ended;
      }
      script.is_stopped = WIFSTOPPED(status);
    }
  }
  return std::nullopt;
}

bool Scripts::all_are_stopped() const {
  return !running_.empty() && std::all_of(running_.begin(), running_.end(), [](const auto& script) {
    return script.second.is_stopped;
  });
}

// The shell that started us must see us stop, or it would not take the terminal back. It is only
// done for job control: after a kill -STOP of a script alone, its children still want to read.
void Scripts::stop_with_scripts() {
  const int signal = *std::exchange(stop_signal_, std::nullopt);
  raise_with_default_action(signal);

  // Continued. A shell continues the whole group, others may have meant only us; either way each
  // script is to be told once.
  const timespec now{};
  sigset_t continued;
  ::sigemptyset(&continued);
  ::sigaddset(&continued, SIGCONT);
  ::sigtimedwait(&continued, nullptr, &now);
  for (const auto& [number, script] : running_) {
    siginfo_t change{};
    ::waitid(P_PID, static_cast<id_t>(script.process), &change,
             WEXITED | WCONTINUED | WNOHANG | WNOWAIT);
    if (change.si_pid == 0) send(script, SIGCONT);
  }
}

void become(const Program& program, const std::vector<std::string>& environment) {
  throw execute(program, environment);
}

void exit_like(const ExitStatus& end) {
  if (!end.signal) ::_exit(end.status);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::prctl(PR_SET_DUMPABLE, 0);  // the limit does not hold where cores go to a program
  raise_with_default_action(*end.signal);
  ::_exit(128 + *end.signal);
}

}  // namespace grid::run
