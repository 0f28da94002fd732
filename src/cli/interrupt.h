// Handles Ctrl-C during long work: says what the interruption means, then ends the process by the
// same signal, so that a shell or a script sees why it ended.
#pragma once

#include <csignal>
#include <functional>
#include <string>
#include <thread>

#include "base/file.h"
#include "cli/io.h"

namespace grid::cli {

// While it exists, a thread of its own answers SIGINT, SIGTERM and SIGHUP: it prints `sentence` and
// ends the process. Make it before any other thread, which would otherwise take the signals.
// Signals that were ignored when the process started stay ignored.
//
// Nothing needs to be unwound, since interrupted work must survive kill -9 anyway. Work that can
// save what it has not stored yet may be told to by `stop`, which is called first. The process then
// ends when this object is destroyed, at the next signal or after a few seconds, whichever comes
// first.
class InterruptNotice {
 public:
  InterruptNotice(Output& output, std::function<std::string()> sentence,
                  std::function<void()> stop = nullptr);
  ~InterruptNotice();
  InterruptNotice(const InterruptNotice&) = delete;
  InterruptNotice& operator=(const InterruptNotice&) = delete;

 private:
  void wait();
  int find_signal(int timeout_ms) const;
  [[noreturn]] void end(int signal);

  Output& output_;
  const std::function<std::string()> sentence_;
  const std::function<void()> stop_;
  sigset_t signals_{}, former_mask_{};
  FileDescriptor arrived_;  // a signalfd
  FileDescriptor stopped_;  // an eventfd
  std::thread thread_;
};

}  // namespace grid::cli
