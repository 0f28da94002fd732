// What the supervisor of a run records: pure functions of what was counted and how scripts ended.
#pragma once

#include <map>
#include <vector>

#include "run/record.h"
#include "run/scoreboard.h"

namespace grid::run {

std::vector<UsedVersion> versions_of(const RunRecord& record);

// Versions that were detached, and how many bytes of each had been read by then.
using ReleasedVersions = std::map<UsedVersion, std::uint64_t>;

// Puts what was read into a record; true if that changed its versions. Leaves out a released
// version until more of it is read.
bool take_reads(const std::vector<ReadVersion>& reads, const ReleasedVersions& released,
                RunRecord& record);

// The state of a run that ended with `end`. `told_to_stop`: it or its sweep was asked to stop.
RunState state_after(const ExitStatus& end, bool told_to_stop);

// Sums up the experiments of a sweep.
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
