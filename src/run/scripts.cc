// A script's process reports over a pair of sockets how its start went: the end of the stream means
// that it has become the program, a message that it could not.
//
// Signals. The terminal sends its signals (Ctrl-C, Ctrl-Z, a new size) to every process of the
// group, so the scripts have them already. All others were sent to this process alone, by kill(2),
// and are passed on. This process must outlive the scripts to record their ends, so only SIGKILL
// and SIGSTOP act on it directly.
#include "run/scripts.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "base/error.h"
#include "base/spawn.h"
#include "mount/mount_point.h"
#include "run/await.h"
#include "run/messages.h"

namespace grid::run {

namespace {

Error cannot_execute(const Program& program, int error_number) {
  if (error_number == ENOENT && ::access(program.file.c_str(), F_OK) == 0)
    return Error(
        ErrorKind::not_found,
        fmt::format("cannot start {}: the interpreter that it names does not exist", program.file));
  return system_error(error_number, fmt::format("cannot start {}", program.file));
}

// Returns only if the program cannot be executed. An executable text without "#!" is run by
// /bin/sh, as shells and execvp(3) do.
Error execute(const Program& program, const std::vector<std::string>& environment) {
  std::vector<char*> variables = pointers_to(environment);
  ::execve(program.file.c_str(), pointers_to(program.arguments).data(), variables.data());
  if (errno == ENOEXEC) {
    std::vector<std::string> arguments = program.arguments;
    arguments.front() = program.file;
    arguments.insert(arguments.begin(), "/bin/sh");
    ::execve("/bin/sh", pointers_to(arguments).data(), variables.data());
  }
  return cannot_execute(program, errno);
}

}  // namespace

Scripts::~Scripts() {
  for (auto& [number, script] : running_) {
    processes_.kill_tree(script.process);
    send(script, SIGKILL);
    processes_.wait_for_end(script.process);
  }
}

std::size_t Scripts::start(const ScriptRequest& request) {
  const pid_t self = ::getpid();
  // Made before, so that no script runs that is not known here.
  std::map<std::size_t, Running> next;
  next.emplace(started_count_, Running{.process = 0, .own_group = request.own_group});
  const ChildProcess child = processes_.start(
      {.name = "grid-script", .own_group = request.own_group, .is_script = true},
      [&](const FileDescriptor& supervisor) { become_program(request, supervisor, self); });
  try {
    check_failure(await_message(processes_, child.channel));
  } catch (...) {
    processes_.send(child.process, SIGKILL);  // it may still wait for what it is to become
    processes_.wait_for_end(child.process);
    throw;
  }
  next.begin()->second.process = child.process;
  running_.merge(next);
  return started_count_++;
}

namespace {

// Makes three descriptors the standard streams.
void become_streams(int input, int output, int errors) {
  const std::array<int, 3> wanted = {input, output, errors};
  std::array<int, 3> copies;
  // Copies first: a descriptor wanted for one stream may have the number of another.
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
    if (request.mount) enter(*request.mount);
    // If the parent is killed, nothing records how the program ends or looks after its mount. Set
    // after enter(), since entering a namespace clears this setting.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // The parent may have died before the call.
    if (::getppid() != parent_pid) ::_exit(1);
    if (request.mount) mount::raise_read_ahead(request.mount_folder);
    become_streams(request.input, request.output, request.errors);
    processes_.restore_callers_signals();
    throw execute(request.program, request.environment);
  } catch (const Error& error) {
    send_failure(parent, error);
  } catch (const std::exception& error) {  // std::filesystem's
    send_failure(parent, Error(ErrorKind::unavailable, error.what()));
  }
}

std::optional<ScriptEnd> Scripts::wait(std::chrono::milliseconds interval,
                                       std::span<pollfd> watched) {
  const Processes::Time until = processes_.now() + interval;
  std::vector<pollfd> events(watched.begin(), watched.end());
  events.push_back({.fd = processes_.signals(), .events = POLLIN, .revents = 0});
  for (;;) {
    if (std::optional<ScriptEnd> end = find_end()) return end;
    if (stop_signal_ && all_are_stopped()) stop_with_scripts();
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - processes_.now());
    if (left.count() < 0) return std::nullopt;
    if (!processes_.poll(events, left + std::chrono::milliseconds(1))) continue;
    take_signals();
    bool any = false;
    for (std::size_t i = 0; i < watched.size(); ++i) {
      watched[i].revents = events[i].revents;
      any = any || watched[i].revents != 0;
    }
    if (any) return find_end();
  }
}

void Scripts::take_signals() {
  while (const auto signal = processes_.take_signal()) pass_on(*signal);
}

void Scripts::pass_on(const ArrivedSignal& signal) {
  const int number = signal.number;
  if (number == SIGCHLD) return;
  if (!signal.from_terminal && expected_.erase(number) > 0) return;
  if (!signal.from_terminal && means_end(number)) passed_on_.insert(number);
  if (number == SIGTSTP || number == SIGTTIN || number == SIGTTOU) stop_signal_ = number;
  if (number == SIGCONT) stop_signal_.reset();
  if (number == SIGWINCH) resized_ = true;
  if (means_end(number)) told_to_end_ = number;
  for (const auto& [script_number, script] : running_)
    if (!signal.from_terminal || script.own_group) send(script, number);
}

void Scripts::send(const Running& script, int signal) {
  processes_.send(script.own_group ? -script.process : script.process, signal);
}

void Scripts::signal_all(int signal) {
  for (const auto& [number, script] : running_) send(script, signal);
}

void Scripts::ask_all_to_end(int signal) {
  if (passed_on_.contains(signal)) return;
  passed_on_.insert(signal);
  expected_.insert(signal);
  told_to_end_ = signal;
  signal_all(signal);
}

void Scripts::ask_to_end(std::size_t number) { send(running_.at(number), SIGTERM); }

void Scripts::kill(std::size_t number) {
  const Running& script = running_.at(number);
  processes_.kill_tree(script.process);
  send(script, SIGKILL);
}

void Scripts::kill_all() {
  processes_.kill_scripts();
  signal_all(SIGKILL);
}

std::optional<ScriptEnd> Scripts::find_end() {
  for (auto it = running_.begin(); it != running_.end(); ++it) {
    auto& [number, script] = *it;
    while (const auto change = processes_.find_change(script.process)) {
      if (change->kind == ProcessChange::Kind::ended) {
        ScriptEnd ended{number, change->status, change->used};
        running_.erase(it);
        return ended;
      }
      script.is_stopped = change->kind == ProcessChange::Kind::stopped;
    }
  }
  return std::nullopt;
}

bool Scripts::all_are_stopped() const {
  return !running_.empty() && std::all_of(running_.begin(), running_.end(), [](const auto& script) {
    return script.second.is_stopped;
  });
}

// The shell that started us must see us stop, or it would not take the terminal back. Only done for
// job control: after a kill -STOP of a script alone, its children still need the mount.
void Scripts::stop_with_scripts() {
  processes_.stop_self(*std::exchange(stop_signal_, std::nullopt));
  // A shell continues the whole group; a SIGCONT from elsewhere may have reached only us. Either
  // way each script must get it once.
  for (const auto& [number, script] : running_)
    if (!processes_.was_continued(script.process)) send(script, SIGCONT);
}

void become(const Program& program, const std::vector<std::string>& environment) {
  throw execute(program, environment);
}

}  // namespace grid::run
