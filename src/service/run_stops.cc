#include "service/run_stops.h"

#include <thread>

#include "base/error.h"
#include "run/executor_local.h"

namespace grid::service {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds stop_check_interval{20};
constexpr std::chrono::seconds kill_time_max{30};
// A supervisor looks for requests several times a second. One that does not is stopped itself, or
// waits for a device that does not answer.
constexpr std::chrono::seconds supervisor_patience{5};

// Nothing but the supervisor signals the processes of a run: it knows which are its own, on which
// machine, and outlives them to record their end. So a request is a file, which it looks for; a
// signal only makes it look at once.
void ask_to_end(const run::Runs& runs, const run::RunFolder& folder, const run::RunRecord& record) {
  folder.ask_to_stop();
  if (!record.parent.empty()) return runs.folder_of(record.parent).draw_attention();
  const auto executor = run::make_executor(record.executor);
  // An interactive shell ignores SIGTERM. Sessions run on this machine.
  if (record.session) run::LocalExecutor().hang_up(record.job);
  executor->ask_to_end(record.job);
}

// Returns the run's state when it is over, when the time is up or once `*stop` is true.
run::RunState wait_for_end(const run::Runs& runs, const run::RunFolder& folder,
                           std::chrono::seconds patience, const std::atomic<bool>* stop) {
  const Clock::time_point deadline = Clock::now() + patience;
  for (;;) {
    const run::RunState state = run::observe(runs, folder.read());
    if (run::is_over(state) || Clock::now() >= deadline || (stop && *stop)) return state;
    std::this_thread::sleep_for(stop_check_interval);
  }
}

// Returns when the run is over, or as wait_for_end() does. Kills the supervisor itself if there is
// none yet, as in a queued job, or if it does not answer.
run::RunState kill_and_wait(const run::Runs& runs, const run::RunFolder& folder,
                            const std::atomic<bool>* stop) {
  const run::RunRecord record = folder.read();
  folder.ask_to_kill();
  if (!record.parent.empty()) {
    runs.folder_of(record.parent).draw_attention();
    return wait_for_end(runs, folder, kill_time_max, stop);
  }
  if (folder.has_supervisor()) {
    const run::RunState state = wait_for_end(runs, folder, supervisor_patience, stop);
    // With an end on record it keeps the artifacts, which may take long.
    if (run::is_over(state) || folder.read().end)
      return wait_for_end(runs, folder, kill_time_max, stop);
  }
  run::make_executor(record.executor)->kill(record.job);
  return wait_for_end(runs, folder, kill_time_max, stop);
}

}  // namespace

StoppedRun stop_run(const Settings& settings, const std::string& name, const StopRequest& request) {
  const run::Runs runs(settings.run_folder, settings.servers.warn);
  const run::RunFolder folder = runs.get(name);
  const run::RunRecord record = folder.read();
  if (run::is_over(run::observe(runs, record)))
    fail(ErrorKind::unavailable, "{} is not running", record.name);
  ask_to_end(runs, folder, record);
  run::RunState state = wait_for_end(runs, folder, request.patience, request.stop);
  const auto given_up = [&] { return request.stop && *request.stop; };
  if (!run::is_over(state) && !given_up()) {
    if (request.on_kill) request.on_kill(record.name);
    state = kill_and_wait(runs, folder, request.stop);
  }
  if (!run::is_over(state) && !given_up() && folder.read().end)
    fail(ErrorKind::unavailable, "{} has ended, and its artifacts are still being kept",
         record.name);
  if (!run::is_over(state) && !given_up())
    fail(ErrorKind::unavailable, "{} cannot be stopped", record.name);
  return {record.name, state};
}

void write_document(JsonWriter& json, const StoppedRun& stopped) {
  json.begin_object()
      .member("name", stopped.name)
      .member("status", run::name_of(stopped.state))
      .end_object();
}

}  // namespace grid::service
