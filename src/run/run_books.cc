#include "run/run_books.h"

#include <algorithm>

namespace grid::run {

std::vector<UsedVersion> versions_of(const RunRecord& record) {
  std::vector<UsedVersion> used;
  for (const RunVersion& version : record.versions) used.push_back({version.name, version.version});
  return used;
}

bool take_reads(const std::vector<ReadVersion>& reads, const ReleasedVersions& released,
                RunRecord& record) {
  bool changed = false;
  for (const ReadVersion& read : reads) {
    const auto release = released.find(read.version);
    if (release != released.end() && release->second == read.bytes_read) continue;
    RunVersion& version = record.settle(read.version);
    changed = changed || !version.touched || version.bytes_read != read.bytes_read;
    version.root = read.root;
    version.touched = true;
    version.bytes_read = read.bytes_read;
  }
  return changed;
}

RunState state_after(const ExitStatus& end, bool told_to_stop) {
  if (end == ExitStatus{}) return RunState::done;
  return told_to_stop ? RunState::stopped : RunState::failed;
}

void SweepSum::add(const RunRecord& experiment) {
  used_.user_seconds += experiment.used.user_seconds;
  used_.system_seconds += experiment.used.system_seconds;
  used_.memory_peak = std::max(used_.memory_peak, experiment.used.memory_peak);
  if (experiment.state != RunState::done) all_done_ = false;
}

}  // namespace grid::run
