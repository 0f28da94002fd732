// Ending runs.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <string>

#include "run/executor.h"
#include "service/json.h"
#include "service/settings.h"

namespace grid::service {

struct StopRequest {
  std::chrono::seconds patience{10};  // how long the run may take to end by itself
  // Called with the run's name when that time is up, before the run is killed.
  std::function<void(const std::string&)> on_kill;
  const std::atomic<bool>* stop = nullptr;  // once true, stop_run() waits no longer
};

struct StoppedRun {
  std::string name;
  run::RunState state;  // over, unless `stop` ended the wait
};

// Asks a run to end, kills everything that it has started when it takes too long, and returns when
// it is over. An experiment ends alone, also one that waits for its turn; its sweep goes on. Throws
// `not_found` with the nearest names, `unavailable` if the run is already over or cannot be ended.
StoppedRun stop_run(const Settings& settings, const std::string& name, const StopRequest& request);

void write_document(JsonWriter& json, const StoppedRun& stopped);

}  // namespace grid::service
