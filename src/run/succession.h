// What follows when a server of a run's datastores has died: another goes on in its place, at once
// or a little later, or nobody can. A state machine of values: it starts nothing and is told the
// time.
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
    is_lost,  // the dead server alone had the device
  };
  std::optional<ExitStatus> end;  // empty: another's child, which does not tell us how it ended
  Mount mount = Mount::goes_on;
};

class Succession {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Between servers that fail to begin, for instance since the store does not answer.
  static constexpr std::chrono::milliseconds retry_interval{500};

  // What the server of the moment does.
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
    std::string sentence;  // of an end that was none of the mount's own: why

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
