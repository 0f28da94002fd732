#include "cli/interrupt.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

#include "base/start_thread.h"

namespace grid::cli {

namespace {

// Time to write a few unfinished packs, while the person who pressed Ctrl-C waits.
constexpr int stop_time_max_ms = 3000;

bool is_ignored(int signal) {
  struct sigaction action {};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

[[noreturn]] void end_by(int signal) {
  ::signal(signal, SIG_DFL);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, signal);
  ::pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
  ::raise(signal);
  ::_exit(128 + signal);
}

}  // namespace

InterruptNotice::InterruptNotice(Output& output, std::function<std::string()> sentence,
                                 std::function<void()> stop)
    : output_(output), sentence_(std::move(sentence)), stop_(std::move(stop)) {
  sigemptyset(&signals_);
  for (int signal : {SIGINT, SIGTERM, SIGHUP})
    if (!is_ignored(signal)) sigaddset(&signals_, signal);
  ::pthread_sigmask(SIG_BLOCK, &signals_, &former_mask_);
  arrived_ = FileDescriptor(::signalfd(-1, &signals_, SFD_CLOEXEC));
  stopped_ = FileDescriptor(::eventfd(0, EFD_CLOEXEC));
  if (!arrived_ || !stopped_) throw system_error(errno, "cannot wait for signals");
  thread_ = start_thread([this] { wait(); });
}

InterruptNotice::~InterruptNotice() {
  std::uint64_t one = 1;
  [[maybe_unused]] ssize_t put = ::write(stopped_.get(), &one, sizeof one);
  thread_.join();
  ::pthread_sigmask(SIG_SETMASK, &former_mask_, nullptr);
}

// Waits for a signal; 0 if this object is destroyed first, or the time is up.
int InterruptNotice::find_signal(int timeout_ms) const {
  pollfd waits[] = {{arrived_.get(), POLLIN, 0}, {stopped_.get(), POLLIN, 0}};
  while (::poll(waits, 2, timeout_ms) < 0 && errno == EINTR) {
  }
  signalfd_siginfo signal{};
  if ((waits[0].revents & POLLIN) == 0 ||
      ::read(arrived_.get(), &signal, sizeof signal) != sizeof signal)
    return 0;
  return static_cast<int>(signal.ssi_signo);
}

void InterruptNotice::wait() {
  const int signal = find_signal(-1);
  if (signal == 0) return;
  if (stop_) {
    stop_();
    find_signal(stop_time_max_ms);
  }
  end(signal);
}

void InterruptNotice::end(int signal) {
  std::string sentence;
  try {
    sentence = sentence_();
  } catch (const Error& error) {
    // The process ends by the signal either way.
    sentence = error.what();
  }
  output_.stop_drawing();
  output_.warn(sentence);
  end_by(signal);
}

}  // namespace grid::cli
