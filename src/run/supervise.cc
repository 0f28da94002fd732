#include "run/supervise.h"

#include "base/error.h"
#include "run/supervision.h"
#include "run/system_processes.h"

namespace grid::run {

namespace {

// Of a run that did not start: its folder goes, or says why.
void clean_up(const Runs& runs, SuperviseRequest& request, RunState state, std::string_view why) {
  for (const RunRecord& experiment : request.run.experiments)
    runs.folder_of(experiment.name).remove();
  if (!request.keep_failed) return request.run.folder.remove();
  RunRecord& record = request.run.record;
  record.state = state;
  record.reason = why;
  record.ended = format_time(std::chrono::system_clock::now());
  request.run.folder.write_last(record);
}

}  // namespace

ExitStatus supervise(const Runs& runs, SuperviseRequest request) {
  std::optional<SystemProcesses> processes;
  try {
    processes.emplace();
  } catch (const std::exception& error) {
    clean_up(runs, request, RunState::failed, error.what());
    throw;
  }
  return supervise(*processes, runs, std::move(request));
}

ExitStatus supervise(Processes& processes, const Runs& runs, SuperviseRequest request) {
  std::optional<Supervision> supervision;
  try {
    supervision.emplace(processes, runs, request);
    return supervision->run();
  } catch (const std::exception& error) {
    if (supervision && supervision->has_started()) throw;
    supervision.reset();
    const std::optional<int> signal = processes.find_end_signal();
    clean_up(runs, request, signal ? RunState::stopped : RunState::failed,
             signal ? "interrupted before it started" : error.what());
    if (signal) return {.status = 0, .signal = signal};
    throw;
  }
}

}  // namespace grid::run
