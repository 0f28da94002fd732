// The values that a run's script has kept with grid.log_metric: lines of metrics.jsonl among its
// artifacts (docs/runs.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "service/json.h"
#include "service/settings.h"

namespace grid::service {

// A metric and its newest value.
struct RunMetric {
  std::string name;
  double value = 0;  // may be NaN or infinite
  std::optional<std::int64_t> step{};
  std::uint64_t count = 0;  // of its values
};

// In the order in which they were first kept, at most 1,000. Lines that are no metric are passed
// over: the script may have been killed in the midst of one. Empty if the run has kept none, or its
// file cannot be read.
std::vector<RunMetric> newest_metrics(const Settings& settings, const std::string& run);

// An array.
void write_metrics(JsonWriter& json, const std::vector<RunMetric>& metrics);

}  // namespace grid::service
