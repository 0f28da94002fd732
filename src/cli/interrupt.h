// Ctrl-C during long work: a sentence about what it means, then the end by that very signal, so
// that a shell or a script sees what happened.
#pragma once

#include <csignal>
#include <functional>
#include <string>
#include <thread>

#include "base/file.h"
#include "cli/io.h"

namespace grid::cli {

// While it lives, SIGINT, SIGTERM and SIGHUP are answered by a thread of its own, with `sentence`.
// Nothing is unwound: whatever is interrupted must survive kill -9 anyway. To be made before any
// other thread, which would otherwise take the signals. Signals that the process was started to
// ignore stay ignored.
class InterruptNotice {
 public:
  InterruptNotice(Output& output, std::function<std::string()> sentence);
  ~InterruptNotice();
  InterruptNotice(const InterruptNotice&) = delete;
  InterruptNotice& operator=(const InterruptNotice&) = delete;

 private:
  void wait();

  Output& output_;
  const std::function<std::string()> sentence_;
  sigset_t signals_{}, former_mask_{};
  FileDescriptor arrived_;  // a signalfd
  FileDescriptor stopped_;  // an eventfd
  std::thread thread_;
};

}  // namespace grid::cli
