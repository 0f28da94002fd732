#include <unistd.h>

#include <sstream>

#include "base/text.h"
#include "cli/args.h"
#include "cli/commands.h"
#include "cli/explain.h"
#include "cli/run_list.h"
#include "cli/run_request.h"
#include "cli/start_job.h"
#include "cli/text.h"
#include "run/config.h"
#include "run/executor_local.h"
#include "run/supervise.h"

namespace grid::cli {

namespace {

namespace fs = std::filesystem;

std::uint64_t number_of(const Arguments& arguments, std::string_view option,
                        std::uint64_t number_max = UINT64_MAX) {
  const std::string text = arguments.get(option);
  const auto number = parse_number<std::uint64_t>(text);
  if (!number || *number > number_max)
    fail(ErrorKind::invalid_argument, "{} takes a whole number, not {}", option, text);
  return *number;
}

unsigned parallel_of(const Arguments& arguments) {
  const std::uint64_t parallel = number_of(arguments, "--parallel", 10'000);
  if (parallel == 0) fail(ErrorKind::invalid_argument, "--parallel 0: nothing would ever run");
  return static_cast<unsigned>(parallel);
}

run::JobResources job_resources(const Arguments& arguments) {
  run::JobResources wanted{.memory = arguments.find("--memory").value_or(""),
                           .gpus = arguments.find("--gpus").value_or(""),
                           .options = arguments.all("--sbatch")};
  if (arguments.has("--cpus")) wanted.cpus = unsigned(number_of(arguments, "--cpus", 1'000'000));
  if (arguments.has("--nodes")) wanted.nodes = unsigned(number_of(arguments, "--nodes", 1'000'000));
  return wanted;
}

dataset::Prefetch prefetch_of(const Arguments& arguments) {
  const std::string word = arguments.get("--prefetch");
  if (const auto prefetch = run::parse_prefetch(word)) return *prefetch;
  fail(ErrorKind::invalid_argument, "--prefetch takes none, trace or all, not {}", word);
}

service::StartRequest run_request_of(const Arguments& arguments) {
  service::StartRequest request = start_request(arguments);
  request.command = arguments.rest();
  request.repeated = arguments.find("--repeat");
  request.executor = arguments.get("--cluster");
  request.prefetch = prefetch_of(arguments);
  if (arguments.has("--strategy"))
    request.strategy = run::parse_strategy(arguments.get("--strategy"));
  if (arguments.has("--num_trials")) request.num_trials = number_of(arguments, "--num_trials");
  if (arguments.has("--seed")) request.seed = number_of(arguments, "--seed");
  if (const auto folder = arguments.find("--artifacts"))
    request.artifacts_source = fs::absolute(*folder).lexically_normal().string();
  if (const auto config = arguments.find("--config")) request.config = run::read_config(*config);
  if (request.command.empty() && !request.repeated)
    fail(ErrorKind::invalid_argument, "grid run: SCRIPT is missing; see grid run --help");
  return request;
}

void go_to(const std::string& folder) {
  if (::chdir(folder.c_str()) != 0)
    throw system_error(errno, fmt::format("cannot go to {}", folder));
}

// Refuses options that only jobs of an engine can fulfil.
void refuse_idle_options(const Arguments& arguments, std::string_view executor) {
  if (executor != "local") return;
  for (const char* option : {"--cpus", "--memory", "--gpus", "--nodes", "--sbatch"})
    if (arguments.has(option))
      fail(ErrorKind::invalid_argument, "{} is for --cluster slurm", option);
}

run::Streams streams_of(const Arguments& arguments, const run::PreparedRun& run) {
  if (!run.experiments.empty())
    return run::Streams::log;  // side by side, their output could not be told apart
  return arguments.has("--no-log") ? run::Streams::callers : run::Streams::callers_and_log;
}

void say_experiment(Output& output, const run::RunRecord& record) {
  std::string parameters;
  for (const run::Parameter& parameter : record.parameters)
    parameters += fmt::format("  {}={}", parameter.name, parameter.value);
  output.say(fmt::format("{}  {}{}", record.name, spell_state({record, record.state}),
                         escape_controls(parameters)));
}

void explain(Output& output, const run::RunRecord& record) {
  std::istringstream text(explain_reading(record));
  std::string line;
  if (text.view().empty()) output.say("reading: the kernel requested nothing");
  while (std::getline(text, line)) output.say(line);
}

int run_script(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  const std::unique_ptr<run::Executor> executor = run::make_executor(arguments.get("--cluster"));
  const bool as_job = arguments.has("--detach") || executor->name() != "local";
  const unsigned parallel = parallel_of(arguments);
  refuse_idle_options(arguments, executor->name());
  if (as_job && arguments.has("--explain"))
    fail(ErrorKind::invalid_argument,
         "--explain is for a run that grid waits for; use grid status RUN later");
  if (as_job) executor->check();

  service::StartRequest request;
  std::optional<run::PreparedRun> prepared;
  {
    // Closed before anything is forked: see SuperviseRequest::open_store.
    const std::shared_ptr<dataset::OpenStore> store = context.open_store(StoreUse::read);
    request = run_request_of(arguments);
    prepared = service::prepare_run(context.settings, *store, request);
  }
  if (request.repeated) go_to(prepared->record.folder);
  output.say(fmt::format("run {}", prepared->record.name));
  say_versions(output, prepared->references);
  if (as_job) return start_job(context, std::move(*prepared), job_resources(arguments), parallel);

  prepared->record.job = run::own_job();
  if (const std::size_t count = prepared->experiments.size(); count > 0)
    output.say(fmt::format("{}, {} at a time; follow one with: grid logs -f {}",
                           format_count(count, "experiment"), parallel,
                           prepared->record.experiments.front()));
  const run::Streams streams = streams_of(arguments, *prepared);
  const run::RunFolder folder = prepared->folder;
  FileLock supervisor = prepared->folder.become_supervisor();
  const run::ExitStatus end = run::supervise(
      run::Runs(context.settings.run_folder),
      {.run = std::move(*prepared),
       .supervisor = std::move(supervisor),
       .attachment_folder = context.settings.attachment_folder,
       .streams = streams,
       .parallel = parallel,
       .open_store =
           [&](dataset::ReadCostCounters* costs) {
             return context.open_store(StoreUse::attach, costs);
           },
       .on_experiment_end = [&](const run::RunRecord& record) { say_experiment(output, record); },
       .on_problem = [&](std::string_view sentence) { output.warn(sentence); }});
  if (arguments.has("--explain")) explain(output, folder.read());
  if (end.signal) run::exit_like(end);
  return end.status;
}

std::vector<OptionSpec> run_options() {
  std::vector<OptionSpec> options = attach_options();
  const std::vector<OptionSpec> own = {
      {.name = "--name", .value = "NAME", .help = "name of the run (default: a random one)"},
      {.name = "--detach",
       .short_name = "-d",
       .help = "print the run's name and return; the run continues in the background"},
      {.name = "--artifacts",
       .value = "DIR",
       .help = "keep what the script writes to this folder, which $GRID_ARTIFACTS then names",
       .completes = Completes::folder},
      {.name = "--no-log", .help = "keep no log, for programs that take over the terminal"},
      {.name = "--prefetch",
       .value = "WHAT",
       .help = "preload data: trace for what the last run read of the versions that the "
               "command names, in that order; all for all of them; or none",
       .default_value = "none"},
      {.name = "--explain", .help = "at the end, show where reading time went"},
      {.name = "--repeat",
       .value = "RUN",
       .help = "run that run's command again, on the same versions and in the same folder",
       .completes = Completes::run},
      {.name = "--cluster",
       .value = "EXECUTOR",
       .help = "where to run: local or slurm",
       .default_value = "local"},
      {.name = "--cpus", .value = "N", .help = "CPUs of the Slurm job"},
      {.name = "--memory", .value = "SIZE", .help = "memory of the Slurm job, such as 8G"},
      {.name = "--gpus", .value = "SPEC", .help = "GPUs of the Slurm job, such as 1 or a100:2"},
      {.name = "--nodes", .value = "N", .help = "nodes of the Slurm job"},
      {.name = "--sbatch",
       .value = "OPTION",
       .help = "an option for sbatch, such as --sbatch=--time=1:00:00",
       .repeatable = true},
      {.name = "--config",
       .value = "FILE",
       .help = "take options and hyper-parameters from this file, such as grid.yml",
       .completes = Completes::file},
      {.name = "--strategy",
       .value = "NAME",
       .help = "grid_search, random_search, or none to pass lists in arguments unchanged",
       .default_value = "grid_search"},
      {.name = "--num_trials", .value = "N", .help = "number of experiments in a random_search"},
      {.name = "--seed", .value = "N", .help = "seed for random values", .default_value = "0"},
      {.name = "--parallel",
       .value = "N",
       .help = "number of experiments to run at the same time",
       .default_value = "1"}};
  options.insert(options.end(), own.begin(), own.end());
  return options;
}

}  // namespace

Command run_command() {
  return {
      .spec = {.path = {"run"},
               .summary = "Run a script with datastores attached",
               .description =
                   "A .py file runs with the python3 in the PATH; any other file or program runs "
                   "directly. While the script runs, it and what it starts see all datastores as "
                   "/datastores/NAME/VERSION; other processes do not.\n\n"
                   "In arguments, also after the '=' of --flag=VALUE and in lists such as "
                   "grid:a,grid:b, grid:NAME:VERSION, grid:NAME:latest and grid:NAME become such "
                   "paths. /datastores/NAME means one version for the whole run: the one that an "
                   "option names, else the newest. Patterns, templates and other texts are passed "
                   "as they are; --literal passes everything so.\n\n"
                   "The exit status and the three standard streams are the script's. A record of "
                   "the run is kept, with its output and what it wrote to $GRID_ARTIFACTS: see "
                   "grid status, grid logs and grid artifacts.\n\n"
                   "Arguments like \"[32, 64]\", --opt=\"['adam', 'sgd']\", \"range(1,10,2)\" "
                   "and \"uniform(1e-5,1e-1,3)\" make a sweep: every combination is an experiment "
                   "with a record of its own.",
               .positionals = {{.name = "SCRIPT", .required = false, .completes = Completes::file},
                               {.name = "ARGS", .required = false, .repeatable = true}},
               .options = run_options(),
               .examples = {"grid run main.py --data_dir /datastores/cats/1",
                            "grid run ./train --train=grid:cats:2 --test=grid:dogs",
                            "grid run --datastore_name cats:2 -- ls -l /datastores/cats",
                            "grid run --detach --name baseline main.py grid:cats",
                            "grid run --parallel 2 main.py grid:cats --lr \"uniform(1e-5,1e-1,3)\"",
                            "grid run --cluster slurm --cpus 8 --memory 32G main.py grid:cats"},
               .raw_rest = true},
      .run = run_script};
}

}  // namespace grid::cli
