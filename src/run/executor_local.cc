#include "run/executor_local.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <thread>

#include "base/error.h"
#include "base/spawn.h"
#include "base/text.h"
#include "base/user.h"
#include "run/process_tree.h"

namespace grid::run {

namespace {

// Start times are counted from the start of a machine: another machine that shares the state
// folder, or this one after a restart, may have a process with the same number and time.
std::string machine_start() {
  const std::string id = boot_id().substr(0, 8);  // enough to tell the machines of one user apart
  return id.empty() ? "0" : id;
}

std::string spell(pid_t process) {
  const std::optional<ListedProcess> listed = find_listed_process(process);
  return fmt::format("{}-{}-{}", process, listed ? listed->identity.started : 0, machine_start());
}

// Empty for a job of another machine.
std::optional<ProcessIdentity> parse(std::string_view job) {
  const auto process = parse_number<pid_t>(take_until(job, '-'));
  const auto started = parse_number<std::uint64_t>(take_until(job, '-'));
  if (!process || !started || job != machine_start()) return std::nullopt;
  return ProcessIdentity{*process, *started};
}

void send(const std::string& job, int signal) {
  if (const auto process = parse(job)) send_signal(*process, signal);
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
  if (const auto process = parse(job); process && open_process(*process)) return RunState::running;
  return std::nullopt;
}

void LocalExecutor::ask_to_end(const std::string& job) const { send(job, SIGTERM); }

void LocalExecutor::hang_up(const std::string& job) const { send(job, SIGHUP); }

void LocalExecutor::kill(const std::string& job) const { send(job, SIGKILL); }

}  // namespace grid::run
