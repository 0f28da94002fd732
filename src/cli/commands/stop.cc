#include "cli/stop.h"

#include <signal.h>

#include <thread>

#include "base/text.h"
#include "cli/args.h"
#include "cli/commands.h"
#include "cli/text.h"
#include "run/executor_local.h"
#include "service/json.h"

namespace grid::cli {

namespace {

using Clock = std::chrono::steady_clock;

bool is_over_within(const run::Runs& runs, const run::RunFolder& folder,
                    std::chrono::seconds patience) {
  const Clock::time_point deadline = Clock::now() + patience;
  for (;;) {
    if (run::is_over(run::observe(runs, folder.read()))) return true;
    if (Clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

enum class How { ask, kill };

// An experiment is a process of its sweep's supervisor, which goes on.
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
    // An interactive shell does not hear SIGTERM. Sessions are of this machine.
    if (record.session) run::LocalExecutor().hang_up(record.job);
    executor->ask_to_end(record.job);
  } else {
    executor->kill(record.job);
  }
}

int stop(Context& context, const Arguments& arguments) {
  const run::Runs runs(context.settings.run_folder);
  return stop_run(context, runs, runs.get(arguments.get("RUN")), stop_patience(arguments));
}

}  // namespace

OptionSpec stop_wait_option() {
  return {.name = "--wait",
          .value = "SECONDS",
          .help = "how long it may take to end by itself",
          .default_value = "10"};
}

std::chrono::seconds stop_patience(const Arguments& arguments) {
  const std::string text = arguments.get("--wait");
  const auto seconds = parse_number<unsigned>(text);
  if (!seconds) fail(ErrorKind::invalid_argument, "--wait {}: it takes a number of seconds", text);
  return std::chrono::seconds(*seconds);
}

int stop_run(Context& context, const run::Runs& runs, const run::RunFolder& folder,
             std::chrono::seconds patience) {
  run::RunRecord record = folder.read();
  if (run::is_over(run::observe(runs, record)))
    fail(ErrorKind::unavailable, "{} is not running", record.name);
  folder.ask_to_stop();
  end_run(runs, record, How::ask);
  bool over = is_over_within(runs, folder, patience);
  if (!over) {
    context.output.say(fmt::format("{} did not end within {}: killing it", record.name,
                                   format_duration(patience)));
    end_run(runs, folder.read(), How::kill);
    over = is_over_within(runs, folder, std::chrono::seconds(30));
  }
  if (!over) fail(ErrorKind::unavailable, "{} cannot be stopped", record.name);

  record = folder.read();
  const run::RunState state = run::observe(runs, record);
  if (context.output.json())
    service::JsonWriter(context.output.result_writer())
        .begin_object()
        .member("name", record.name)
        .member("status", run::name_of(state))
        .end_object();
  else
    context.output.say(fmt::format("{} {}", record.name, run::name_of(state)));
  return 0;
}

Command stop_command() {
  return {.spec = {.path = {"stop"},
                   .summary = "End a run",
                   .description = "The script is sent SIGTERM, and killed if it has not ended when "
                                  "the time is up. Returns when the run is over.",
                   .positionals = {{.name = "RUN", .completes = Completes::run}},
                   .options = {stop_wait_option()},
                   .examples = {"grid stop quiet-otter-42"}},
          .run = stop};
}

}  // namespace grid::cli
