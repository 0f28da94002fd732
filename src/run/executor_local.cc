#include "run/executor_local.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <sstream>
#include <thread>

#include "base/error.h"
#include "base/spawn.h"

namespace grid::run {

namespace {

struct Identity {
  pid_t process = 0;
  std::string started;  // in ticks since the machine started

  bool operator==(const Identity&) const = default;
};

// Empty if there is no such process or it is a zombie.
std::optional<Identity> identity_of(pid_t process) {
  const std::string path = fmt::format("/proc/{}/stat", process);
  const FileDescriptor file = find_file(path, O_RDONLY);
  if (!file) return std::nullopt;
  Bytes bytes(4096);  // files in /proc report no size
  bytes.resize(read_at(file.get(), bytes, 0, path));
  const std::string_view text = as_text(bytes);
  const std::size_t name_end = text.rfind(')');
  if (name_end == text.npos) return std::nullopt;
  std::istringstream fields{std::string(text.substr(name_end + 1))};
  std::string field, state;
  fields >> state;
  constexpr int fields_before_start = 18;
  for (int i = 0; i < fields_before_start; ++i) fields >> field;
  fields >> field;
  if (state == "Z" || state == "X") return std::nullopt;
  return Identity{process, field};
}

std::string spell(pid_t process) {
  const std::optional<Identity> identity = identity_of(process);
  return fmt::format("{}-{}", process, identity ? identity->started : "0");
}

std::optional<Identity> parse(const std::string& job) {
  const std::size_t dash = job.find('-');
  if (dash == job.npos) return std::nullopt;
  return Identity{static_cast<pid_t>(std::strtol(job.c_str(), nullptr, 10)), job.substr(dash + 1)};
}

// A descriptor: unlike a number, it cannot come to mean another process.
FileDescriptor find_process(const std::string& job) {
  const std::optional<Identity> wanted = parse(job);
  if (!wanted || wanted->process <= 1) return {};
  FileDescriptor process(static_cast<int>(::syscall(SYS_pidfd_open, wanted->process, 0)));
  if (!process || identity_of(wanted->process) != wanted) return {};
  return process;
}

void send(const std::string& job, int signal) {
  if (FileDescriptor process = find_process(job))
    (void)::syscall(SYS_pidfd_send_signal, process.get(), signal, nullptr, 0);
}

std::string read_to_end(const FileDescriptor& from) {
  std::string text;
  char piece[512];
  for (;;) {
    const ssize_t got = ::read(from.get(), piece, sizeof piece);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(piece, static_cast<std::size_t>(got));
  }
}

}  // namespace

std::string own_job() { return spell(::getpid()); }

// The command closes its standard output when the run has started. If it wrote anything before
// that, the run did not start and this is why.
std::string LocalExecutor::start(const JobRequest& request) const {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw system_error(errno, "cannot make a pipe");
  FileDescriptor told(ends[0]), tell(ends[1]);
  const FileDescriptor log = open_file(request.folder.log(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  const Spawned spawned = spawn({.words = request.command,
                                 .environment = {},
                                 .descriptors = {-1, tell.get(), log.get()},
                                 .detached = true});
  if (spawned.error != 0) throw system_error(spawned.error, "cannot start a process");
  // A long-lived process would keep what is left of each job that has ended.
  std::thread([process = spawned.process] { ::waitpid(process, nullptr, 0); }).detach();
  tell.reset();
  std::string job = spell(spawned.process);
  if (const std::string refusal = read_to_end(told); !refusal.empty())
    throw decode_refusal(refusal);
  return job;
}

std::optional<RunState> LocalExecutor::find_state(const std::string& job) const {
  if (find_process(job)) return RunState::running;
  return std::nullopt;
}

void LocalExecutor::ask_to_end(const std::string& job) const { send(job, SIGTERM); }

void LocalExecutor::hang_up(const std::string& job) const { send(job, SIGHUP); }

void LocalExecutor::kill(const std::string& job) const { send(job, SIGKILL); }

}  // namespace grid::run
