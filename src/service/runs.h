// Lists and shows runs: what their records say, and their state now.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "run/executor.h"
#include "service/json.h"
#include "service/run_metrics.h"
#include "service/settings.h"

namespace grid::service {

// A run and its state now.
struct ObservedRun {
  run::RunRecord record;
  run::RunState state;
};

ObservedRun observe_run(const run::Runs& runs, run::RunRecord record);

struct ShownRun {
  ObservedRun run;
  std::vector<ObservedRun> experiments;  // of a sweep
  std::vector<RunMetric> metrics;
};

// Throws `not_found` with the nearest names.
ShownRun show_run(const Settings& settings, const std::string& name);

struct RunList {
  std::vector<ObservedRun> runs;  // newest first; a sweep stands for its experiments
};

// The runs that are queued or running.
RunList live_runs(const Settings& settings);

// At most `count_max` runs, over or not. Each of `texts` occurs in the name, the status, the
// command or a datastore ("cats:3") of the run.
RunList newest_runs(const Settings& settings, std::size_t count_max = SIZE_MAX,
                    const std::vector<std::string>& texts = {});

// Writes the run's members of docs/json-output.md into an object that was begun.
void write_run_members(JsonWriter& json, const ObservedRun& run);

// Writes an array of objects with these members.
void write_runs(JsonWriter& json, const std::vector<ObservedRun>& runs);

void write_document(JsonWriter& json, const ShownRun& shown);
void write_document(JsonWriter& json, const RunList& list);

}  // namespace grid::service
