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
  callers,          // this process's own
  callers_and_log,  // the same, and output also goes to the run's log
  log,              // output goes only to the log; there is no input
};

struct SuperviseRequest {
  PreparedRun run;
  FileLock supervisor;                      // from RunFolder::become_supervisor()
  std::filesystem::path attachment_folder;  // see attachment.h
  Streams streams = Streams::callers_and_log;
  unsigned parallel = 1;     // experiments that run at the same time
  bool keep_failed = false;  // keep the record of a run that cannot start, with the reason

  // Called in this process and in its forked children; each opens the store for itself.
  std::function<std::shared_ptr<dataset::OpenStore>(dataset::ReadCostCounters*)> open_store;
  // Called when the first script runs.
  std::function<void()> on_started;
  // Called with the record of each experiment that has ended.
  std::function<void(const RunRecord&)> on_experiment_end;
  // Called with a sentence about a problem while scripts ran.
  std::function<void(std::string_view)> on_problem;
};

// Returns when the script or the last experiment has ended: its status or, for a sweep, 1 if an
// experiment failed; 1 too if a script has succeeded whose output or artifacts could not be kept. A
// signal before the first script returns that signal. Throws if the first script cannot start. In
// both cases nothing has run, and the run's folder is gone unless `keep_failed`. Whatever happens
// later, the record says how the run ended, and its folder stays. Call it while the process has one
// thread.
ExitStatus supervise(const Runs& runs, SuperviseRequest request);
// The same with the given processes.
ExitStatus supervise(Processes& processes, const Runs& runs, SuperviseRequest request);

}  // namespace grid::run
