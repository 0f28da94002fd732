#include "service/run_stops.h"

#include <signal.h>

#include <thread>

#include "base/error.h"
#include "run/executor_local.h"

namespace grid::service {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds stop_check_interval{20};
constexpr std::chrono::seconds kill_time_max{30};

enum class How { ask, kill };

// Signals only the experiment's own processes, so that the supervisor of its sweep goes on.
void end_experiment(const run::Runs& runs, const run::RunRecord& record, How how) {
  const run::RunRecord parent = runs.get(record.parent).read();
  if (parent.executor != "local")
    fail(ErrorKind::unsupported, "{} runs in {} job {}: stop the whole sweep, {}", record.name,
         parent.executor, parent.job, parent.name);
  if (record.script_pid > 1) ::kill(-record.script_pid, how == How::ask ? SIGTERM : SIGKILL);
}

void end_run(const run::Runs& runs, const run::RunRecord& record, How how) {
  if (!record.parent.empty()) return end_experiment(runs, record, how);
  const auto executor = run::make_executor(record.executor);
  if (how == How::ask) {
    // An interactive shell ignores SIGTERM. Sessions run on this machine.
    if (record.session) run::LocalExecutor().hang_up(record.job);
    executor->ask_to_end(record.job);
  } else {
    executor->kill(record.job);
  }
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

}  // namespace

StoppedRun stop_run(const Settings& settings, const std::string& name, const StopRequest& request) {
  const run::Runs runs(settings.run_folder);
  const run::RunFolder folder = runs.get(name);
  const run::RunRecord record = folder.read();
  if (run::is_over(run::observe(runs, record)))
    fail(ErrorKind::unavailable, "{} is not running", record.name);
  folder.ask_to_stop();
  end_run(runs, record, How::ask);
  run::RunState state = wait_for_end(runs, folder, request.patience, request.stop);
  const auto given_up = [&] { return request.stop && *request.stop; };
  if (!run::is_over(state) && !given_up()) {
    if (request.on_kill) request.on_kill(record.name);
    end_run(runs, folder.read(), How::kill);
    state = wait_for_end(runs, folder, kill_time_max, request.stop);
  }
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
