#include "run/await.h"

#include "base/error.h"

namespace grid::run {

void refuse_if_interrupted(const Processes& processes) {
  if (const auto signal = processes.find_end_signal())
    fail(ErrorKind::unavailable, "interrupted by signal {}", *signal);
}

Message await_message(Processes& processes, const FileDescriptor& from) {
  for (;;) {
    pollfd message{.fd = from.get(), .events = POLLIN, .revents = 0};
    if (processes.poll({&message, 1}, interrupt_interval)) return receive_message(from);
    refuse_if_interrupted(processes);
  }
}

}  // namespace grid::run
