#include "run/command_output.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>

#include "base/error.h"
#include "base/file.h"
#include "base/spawn.h"

namespace grid::run {

namespace {

struct Pipe {
  FileDescriptor read, write;
};

Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw system_error(errno, "cannot make a pipe");
  return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

// A reader that has gone away raises SIGPIPE in the thread that writes. It is blocked for this
// thread alone and taken off again, since other threads have a say in what a signal does.
void write_without_sigpipe(const FileDescriptor& to, BytesView bytes) {
  sigset_t pipe, before, pending;
  ::sigemptyset(&pipe);
  ::sigaddset(&pipe, SIGPIPE);
  ::sigpending(&pending);
  const bool was_pending = ::sigismember(&pending, SIGPIPE) == 1;
  ::pthread_sigmask(SIG_BLOCK, &pipe, &before);
  if (try_write_all(to.get(), bytes) == EPIPE && !was_pending) {
    const timespec at_once{};
    ::sigtimedwait(&pipe, nullptr, &at_once);
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

// Reads both streams at once: the program would block on a pipe that is full and not read.
void read_both(FileDescriptor output, FileDescriptor errors, CommandOutput& result) {
  std::array<pollfd, 2> events{{{.fd = output.get(), .events = POLLIN, .revents = 0},
                                {.fd = errors.get(), .events = POLLIN, .revents = 0}}};
  std::array<std::string*, 2> texts{&result.output, &result.errors};
  while (events[0].fd >= 0 || events[1].fd >= 0) {
    if (::poll(events.data(), events.size(), -1) < 0) continue;
    for (std::size_t i = 0; i < events.size(); ++i) {
      if (events[i].fd < 0 || events[i].revents == 0) continue;
      char piece[4096];
      const ssize_t got = ::read(events[i].fd, piece, sizeof piece);
      if (got > 0)
        texts[i]->append(piece, static_cast<std::size_t>(got));
      else if (got == 0 || errno != EINTR)
        events[i].fd = -1;
    }
  }
}

}  // namespace

CommandOutput run_command(const std::vector<std::string>& command, const std::string& input) {
  Pipe in = make_pipe(), out = make_pipe(), err = make_pipe();
  const Spawned spawned = spawn({.words = command,
                                 .environment = {},
                                 .descriptors = {in.read.get(), out.write.get(), err.write.get()}});
  if (spawned.error == EAGAIN || spawned.error == ENOMEM)
    throw system_error(spawned.error, fmt::format("cannot start {}", command[0]));
  if (spawned.error != 0) return {.status = 127, .output = {}, .errors = {}};
  in.read.reset();
  out.write.reset();
  err.write.reset();
  // The input fits into the pipe, and a program may leave it unread.
  write_without_sigpipe(in.write, as_bytes(input));
  in.write.reset();
  CommandOutput result;
  read_both(std::move(out.read), std::move(err.read), result);
  int status = 0;
  while (::waitpid(spawned.process, &status, 0) < 0 && errno == EINTR) {
  }
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

}  // namespace grid::run
