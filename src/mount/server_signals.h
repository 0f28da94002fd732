// Signals that a server handles while it serves.
#pragma once

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/file.h"

namespace grid::mount {

// While this object lives, SIGURG interrupts a system call and does nothing else.
class InterruptingSignal {
 public:
  static constexpr int number = SIGURG;  // ignored by default, so a late one does no harm

  InterruptingSignal() {
    struct sigaction action {};
    action.sa_handler = [](int) {};
    ::sigaction(number, &action, &before_);
  }
  ~InterruptingSignal() { ::sigaction(number, &before_, nullptr); }

 private:
  struct sigaction before_ {};
};

// While this object lives, the signals that mean "end" can be read from a descriptor and do nothing
// else.
class EndingSignals {
 public:
  EndingSignals() {
    ::sigemptyset(&set_);
    for (int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&set_, number);
    ::pthread_sigmask(SIG_BLOCK, &set_, &before_);
    descriptor_ = FileDescriptor(::signalfd(-1, &set_, SFD_CLOEXEC | SFD_NONBLOCK));
  }
  ~EndingSignals() {
    while (take() != 0) {  // a second Ctrl-C during the unmount must not kill us afterwards
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

  int descriptor() const { return descriptor_.get(); }

  // The signal that came; 0 if none.
  int take() {
    signalfd_siginfo came{};
    if (::read(descriptor_.get(), &came, sizeof came) != sizeof came) return 0;
    return static_cast<int>(came.ssi_signo);
  }

 private:
  sigset_t set_, before_;
  FileDescriptor descriptor_;
};

}  // namespace grid::mount
