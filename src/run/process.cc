// Parent and child talk over a pair of sockets, one message at a time:
//
//   child  → parent   the /dev/fuse descriptor, or a failure: its kind and its sentence
//   parent → child    one byte: the file system is served, go
//   child  → parent   the end of the stream when it has become the program, or a failure
//
// Signals. The terminal sends its signals (Ctrl-C, Ctrl-Z, a new size) to every process of the
// group, so the program has them already; the kernel marks them SI_KERNEL. All others were sent to
// this process alone, by kill(2), and are passed on. This process must outlive the program, which
// reads its files through it, so no signal but SIGKILL and SIGSTOP acts on it directly.
#include "run/process.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "mount/mount_point.h"
#include "run/private_mount.h"

namespace grid::run {

namespace {

// A message is a kind and a sentence; a descriptor goes with the first.
constexpr char device_message = 'd';
constexpr char failure_message = 'f';
constexpr std::size_t message_size_max = 4096;

sigset_t signals_passed_on() {
  sigset_t set;
  ::sigfillset(&set);
  // What a thread does to itself must reach that thread. SIGURG wakes the threads that serve the
  // mount, and is sent to nobody else in earnest.
  for (int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT, SIGPIPE, SIGURG})
    ::sigdelset(&set, signal);
  return set;
}

void send_message(const FileDescriptor& to, std::string_view text, int descriptor = -1) {
  iovec part{const_cast<char*>(text.data()), std::min(text.size(), message_size_max)};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (descriptor >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof descriptor);
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  }
  // If the other side has died, its end is what gets reported, not this.
  (void)::sendmsg(to.get(), &message, MSG_NOSIGNAL);
}

struct Message {
  std::string text;  // empty: the other side has closed
  FileDescriptor descriptor;
};

Message receive_message(const FileDescriptor& from) {
  char text[message_size_max];
  iovec part{text, sizeof text};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t size;
  do {
    size = ::recvmsg(from.get(), &message, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  Message received{std::string(text, size > 0 ? static_cast<std::size_t>(size) : 0), {}};
  const cmsghdr* header = size > 0 ? CMSG_FIRSTHDR(&message) : nullptr;
  if (header != nullptr && header->cmsg_type == SCM_RIGHTS) {
    int descriptor;
    std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    received.descriptor = FileDescriptor(descriptor);
  }
  return received;
}

void send_failure(const FileDescriptor& to, const Error& error) {
  send_message(
      to, fmt::format("{}{}{}", failure_message, static_cast<char>(error.kind()), error.what()));
}

// Throws the failure that a message carries, if it does.
void check_failure(const Message& message) {
  if (message.text.size() >= 2 && message.text[0] == failure_message)
    throw Error(static_cast<ErrorKind>(message.text[1]), message.text.substr(2));
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

ScriptProcess::ScriptProcess(const ProcessRequest& request) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    throw system_error(errno, "cannot make a socket pair");
  channel_ = FileDescriptor(ends[0]);
  FileDescriptor child_channel(ends[1]);

  // An ignored SIGCHLD, which a caller may hand down, would take the exit status away.
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  ::sigaction(SIGCHLD, &action, &caller_child_action_);
  const sigset_t passed_on = signals_passed_on();
  ::pthread_sigmask(SIG_BLOCK, &passed_on, &caller_mask_);

  const pid_t self = ::getpid();
  child_ = ::fork();
  if (child_ == 0) {
    channel_.reset();
    become_program(request, child_channel, self);
  }
  const int why = errno;
  child_channel.reset();
  try {
    if (child_ < 0) throw system_error(why, "cannot start a process");
    Message message = receive_message(channel_);
    check_failure(message);
    device_ = std::move(message.descriptor);
    if (!device_)
      fail(ErrorKind::unavailable, "the process for the script ended before it could start");
  } catch (const Error&) {  // the destructor of a half-made object does not run
    abandon();
    throw;
  }
}

ScriptProcess::~ScriptProcess() { abandon(); }

void ScriptProcess::abandon() {
  if (child_ > 0) {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    child_ = -1;
  }
  ::sigaction(SIGCHLD, &caller_child_action_, nullptr);
  ::pthread_sigmask(SIG_SETMASK, &caller_mask_, nullptr);
}

void ScriptProcess::become_program(const ProcessRequest& request, const FileDescriptor& parent,
                                   pid_t parent_pid) noexcept {
  try {
    {
      FileDescriptor device = make_private_mount(request.mount_folder);
      send_message(parent, {&device_message, 1}, device.get());
    }
    // Should the parent be killed, the program must not go on with a dead file system. A parent
    // that is gone already sends nothing.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (receive_message(parent).text.empty()) ::_exit(1);
    // Or it sent the word and died before the wish above was known to the kernel.
    if (::getppid() != parent_pid) ::_exit(1);
    mount::raise_read_ahead(request.mount_folder);
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

void ScriptProcess::start() {
  send_message(channel_, "g");
  check_failure(receive_message(channel_));
  channel_.reset();
}

ExitStatus ScriptProcess::wait(std::chrono::milliseconds interval,
                               const std::function<void()>& tick) {
  const sigset_t set = signals_passed_on();
  const timespec timeout{interval.count() / 1000, interval.count() % 1000 * 1'000'000};
  for (;;) {
    if (std::optional<ExitStatus> end = find_end()) return *end;
    if (program_is_stopped_ && stop_signal_) stop_with_program();
    siginfo_t signal;
    if (::sigtimedwait(&set, &signal, &timeout) > 0)
      pass_on(signal);
    else
      tick();
  }
}

void ScriptProcess::pass_on(const siginfo_t& signal) {
  const int number = signal.si_signo;
  if (number == SIGCHLD) return;
  if (number == SIGTSTP || number == SIGTTIN || number == SIGTTOU) stop_signal_ = number;
  if (number == SIGCONT) stop_signal_.reset();
  if (signal.si_code != SI_KERNEL) ::kill(child_, number);
}

std::optional<ExitStatus> ScriptProcess::find_end() {
  int status;
  pid_t changed;
  while ((changed = ::waitpid(child_, &status, WNOHANG | WUNTRACED | WCONTINUED)) != 0) {
    if (changed < 0 && errno == EINTR) continue;
    assert(changed == child_);  // nobody else waits for it
    if (std::optional<ExitStatus> end = end_of(status)) {
      child_ = -1;
      return end;
    }
    program_is_stopped_ = WIFSTOPPED(status);
  }
  return std::nullopt;
}

// The shell that started us must see us stop, or it would not take the terminal back. It is only
// done for job control: after a kill -STOP of the program alone, its children still want to read.
void ScriptProcess::stop_with_program() {
  const int signal = *std::exchange(stop_signal_, std::nullopt);
  raise_with_default_action(signal);

  // Continued. A shell continues the whole group, others may have meant only us; either way the
  // program is to be told once.
  const timespec now{};
  sigset_t continued;
  ::sigemptyset(&continued);
  ::sigaddset(&continued, SIGCONT);
  ::sigtimedwait(&continued, nullptr, &now);
  siginfo_t change{};
  ::waitid(P_PID, static_cast<id_t>(child_), &change, WEXITED | WCONTINUED | WNOHANG | WNOWAIT);
  if (change.si_pid == 0) ::kill(child_, SIGCONT);
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
