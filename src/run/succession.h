// Decides what follows when a server of a run's datastores has died: replace it at once, retry a
// little later, or end. A state machine of values: it starts nothing and is given the time.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "run/process_end.h"

namespace grid::run {

// What the supervisor sees of a server that died.
struct ServerDeath {
  enum class Mount {
    goes_on,  // the kernel waits for another server
    is_over,  // the last process has left it
    is_lost,  // only the dead server had the device
  };
  std::optional<ExitStatus> end;  // empty if not known: the server was another process's child
  Mount mount = Mount::goes_on;
};

class Succession {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Between starts of servers that fail to begin, for instance because the store does not answer.
  static constexpr std::chrono::milliseconds retry_interval{500};

  // What the current server does.
  void note_start(Time now);
  void note_ready() { serves_ = true; }
  void note_failure(std::string sentence) { failure_ = std::move(sentence); }

  enum class Step {
    replace,  // start another now
    wait,     // until is_time_to_retry()
    end,
  };
  struct Decision {
    Step step = Step::replace;
    std::string sentence;  // for Step::end: the reason; empty if the mount is over

    bool operator==(const Decision&) const = default;
  };
  Decision after(const ServerDeath& death, Time now);
  bool is_time_to_retry(Time now) const;

 private:
  bool serves_ = false;
  std::optional<std::string> failure_;
  Time started_, served_until_;
  unsigned crash_count_ = 0;  // in a row
};

}  // namespace grid::run
