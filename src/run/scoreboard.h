// What a run's server counts for its supervisor to see: memory that both share and that outlives
// either.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include "base/digest.h"
#include "dataset/read_costs.h"
#include "mount/request_costs.h"
#include "run/attachment.h"
#include "run/read_costs.h"

namespace grid::run {

// A version that was looked into.
struct ReadVersion {
  UsedVersion version;
  Digest root;
  std::uint64_t bytes_read = 0;  // asked for by the kernel, without reads from its page cache

  bool operator==(const ReadVersion&) const = default;
};

class Scoreboard {
 public:
  Scoreboard();  // shared with every process forked afterwards
  ~Scoreboard();
  Scoreboard(const Scoreboard&) = delete;
  Scoreboard& operator=(const Scoreboard&) = delete;

  // The counter of a version, which this adds to the board if needed. For one process at a time,
  // and any of its threads. Versions beyond the 16,000th share one counter that versions() omits.
  std::atomic<std::uint64_t>& counter(const UsedVersion& version, const Digest& root);

  // For any process and any of its threads.
  dataset::ReadCostCounters& read_costs() const;
  mount::RequestCostCounters& request_costs() const;

  // The current values of both; from any process.
  ReadCosts costs() const;

  // By name and version; from any process.
  std::vector<ReadVersion> versions() const;

 private:
  struct Entry;
  struct Board;
  Board* board_;
  std::mutex mutex_;  // held while an entry is added
};

}  // namespace grid::run
