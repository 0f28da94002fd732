// What the supervisor of a run writes down: pure functions of what was counted and of how scripts
// ended.
#pragma once

#include <map>
#include <vector>

#include "run/record.h"
#include "run/scoreboard.h"

namespace grid::run {

std::vector<UsedVersion> versions_of(const RunRecord& record);

// Versions that were detached, and how much of them had been read by then.
using ReleasedVersions = std::map<UsedVersion, std::uint64_t>;

// Puts what was read into a record; true if that changed its versions. What was released is left
// out until more of it is read.
bool take_reads(const std::vector<ReadVersion>& reads, const ReleasedVersions& released,
                RunRecord& record);

// Of a run that ended so. `told_to_stop`: it, or its sweep, was asked to.
RunState state_after(const ExitStatus& end, bool told_to_stop);

// What the experiments of a sweep come to.
class SweepSum {
 public:
  void add(const RunRecord& experiment);

  Resources used() const { return used_; }
  ExitStatus end() const { return {.status = all_done_ ? 0 : 1, .signal = {}}; }

 private:
  Resources used_;
  bool all_done_ = true;
};

}  // namespace grid::run
