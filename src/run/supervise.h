// Runs a prepared run on this machine, from its first process to its last.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "run/prepare.h"
#include "run/processes.h"

namespace grid::run {

// Where a script's standard streams lead.
enum class Streams {
  callers,          // to this process's own
  callers_and_log,  // output also to the run's log
  log,              // output to the log alone; there is no input
};

struct SuperviseRequest {
  PreparedRun run;
  FileLock supervisor;                      // of RunFolder::become_supervisor()
  std::filesystem::path attachment_folder;  // see attachment.h
  Streams streams = Streams::callers_and_log;
  unsigned parallel = 1;     // experiments that run at the same time
  bool keep_failed = false;  // a run that cannot start leaves a record that says why

  // Called in this process and in others that it forks; each opens the store for itself.
  std::function<std::shared_ptr<dataset::OpenStore>(dataset::ReadCostCounters*)> open_store;
  // Called when the first script runs.
  std::function<void()> on_started;
  // Called with the record of each experiment that has ended.
  std::function<void(const RunRecord&)> on_experiment_end;
  // Called with a sentence about what went wrong while scripts ran.
  std::function<void(std::string_view)> on_problem;
};

// Returns when the script, or the last experiment, has ended: with its status, or for a sweep with
// 1 if one of them failed. Throws what keeps the first script from starting; then nothing was run,
// and the run's folder is gone, unless `keep_failed`. Call it while the process has one thread.
ExitStatus supervise(const Runs& runs, SuperviseRequest request);
// The same with these processes.
ExitStatus supervise(Processes& processes, const Runs& runs, SuperviseRequest request);

}  // namespace grid::run
