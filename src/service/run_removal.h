// Removing runs that are over, with what they printed and wrote.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "service/runs.h"

namespace grid::service {

struct RunToRemove {
  ObservedRun run;                   // a sweep stands for its experiments
  std::vector<std::string> folders;  // names: of the experiments, then its own
  std::uint64_t bytes = 0;           // of all that lies in them
};

// Throws `not_found` with the nearest names; `unavailable` for a run that is not over,
// `invalid_argument` for an experiment, which goes with its sweep.
std::vector<RunToRemove> runs_to_remove(const Settings& settings,
                                        const std::vector<std::string>& names);

// The runs that are over and were made longer than `age` ago, newest first, but for the newest
// `keep_last` runs of all.
std::vector<RunToRemove> runs_to_prune(const Settings& settings, std::chrono::seconds age,
                                       std::size_t keep_last);

// Their names are free then. Of one that cannot be removed whole, the record stays, so that it can
// be removed again; the error names it.
void remove_runs(const Settings& settings, const std::vector<RunToRemove>& runs);

// {"runs": [{"name", "status", "bytes"}], "bytes", "removed"}
void write_document(JsonWriter& json, const std::vector<RunToRemove>& runs, bool removed);

}  // namespace grid::service
