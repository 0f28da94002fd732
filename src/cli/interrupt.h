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
// To be made before any other thread, which would otherwise take the signals. Signals that the
// process was started to ignore stay ignored.
//
// Nothing needs to be unwound: whatever is interrupted must survive kill -9 anyway. But work that
// can save what it has in hand may be asked to by `stop`, which is called first. The process then
// ends when this object is destroyed, after a few seconds or at the next signal, whatever is first.
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
