#include <unistd.h>

#include "cli/args.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/run_request.h"
#include "run/executor_local.h"
#include "run/supervise.h"

namespace grid::cli {

namespace {

namespace fs = std::filesystem;

run::RunRequest request_of(const Context& context, const Arguments& arguments,
                           const dataset::OpenStore& store) {
  run::RunRequest request = run_request(context, arguments);
  request.references.command = arguments.rest();
  request.executor = arguments.get("--cluster");
  if (const auto folder = arguments.find("--artifacts"))
    request.artifacts_source = fs::absolute(*folder).lexically_normal().string();
  if (!arguments.has("--repeat")) {
    if (arguments.rest().empty())
      fail(ErrorKind::invalid_argument, "grid run: SCRIPT is missing; see grid run --help");
    return request;
  }
  if (!arguments.rest().empty())
    fail(ErrorKind::invalid_argument, "--repeat {} brings its command with it: {} is one too many",
         arguments.get("--repeat"), arguments.rest().front());
  const run::RunRecord record =
      run::Runs(context.settings.run_folder).get(arguments.get("--repeat")).read();
  request = run::repeat_request(record, store, std::move(request));
  if (::chdir(record.folder.c_str()) != 0)
    throw system_error(
        errno, fmt::format("cannot go to the folder of {}, {}", record.name, record.folder));
  return request;
}

std::string own_program() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (error) throw system_error(error.value(), "cannot tell where grid is");
  return program.string();
}

// Hands the run over to an executor.
int run_as_job(Context& context, const run::Runs& runs, const run::Executor& executor,
               run::PreparedRun& prepared) {
  const run::RunFolder& folder = prepared.folder;
  folder.write(prepared.record);
  folder.write_environment(prepared.environment);
  for (const run::RunRecord& experiment : prepared.experiments)
    runs.folder_of(experiment.name).write(experiment);
  std::vector<std::string> command = {own_program(), "--quiet", "run-job"};
  command.push_back(folder.path().string());
  try {
    prepared.record.job = executor.start({.folder = folder, .command = command, .resources = {}});
  } catch (const Error&) {
    folder.remove();
    for (const run::RunRecord& experiment : prepared.experiments)
      runs.folder_of(experiment.name).remove();
    throw;
  }
  folder.write_job(prepared.record.job);
  if (!context.output.json()) {
    context.output.write(prepared.record.name + "\n");
    return 0;
  }
  JsonWriter(context.output)
      .begin_object()
      .member("name", prepared.record.name)
      .member("executor", prepared.record.executor)
      .member("job", prepared.record.job)
      .end_object();
  return 0;
}

int run_script(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  const std::unique_ptr<run::Executor> executor = run::make_executor(arguments.get("--cluster"));
  const bool as_job = arguments.has("--detach") || executor->name() != "local";
  if (as_job) executor->check();

  const run::Runs runs(context.settings.run_folder);
  std::optional<run::PreparedRun> prepared;
  {
    // Closed before anything is forked: see SuperviseRequest::open_store.
    const std::shared_ptr<dataset::OpenStore> store = context.open_store();
    prepared = run::prepare_run(runs, *store, request_of(context, arguments, *store));
  }
  output.say(fmt::format("run {}", prepared->record.name));
  say_versions(output, prepared->references);
  if (as_job) return run_as_job(context, runs, *executor, *prepared);

  prepared->record.job = run::own_job();
  FileDescriptor supervisor = prepared->folder.become_supervisor();
  const run::ExitStatus end = run::supervise(
      runs,
      {.run = std::move(*prepared),
       .supervisor = std::move(supervisor),
       .attachment_folder = context.settings.attachment_folder,
       .streams = arguments.has("--no-log") ? run::Streams::callers : run::Streams::callers_and_log,
       .open_store = [&] { return context.open_store(StoreUse::attach); },
       .on_problem = [&](std::string_view sentence) { output.warn(sentence); }});
  if (end.signal) run::exit_like(end);
  return end.status;
}

std::vector<OptionSpec> run_options() {
  std::vector<OptionSpec> options = attach_options();
  const std::vector<OptionSpec> own = {
      {.name = "--name", .value = "NAME", .help = "of the run; else a random one"},
      {.name = "--detach",
       .short_name = "-d",
       .help = "do not wait: the run lives on without the terminal, and its name is printed"},
      {.name = "--artifacts",
       .value = "DIR",
       .help = "keep what the script writes to this folder; else what it writes to $GRID_ARTIFACTS",
       .completes = Completes::folder},
      {.name = "--no-log",
       .help = "keep no copy of the output: for programs that take over the terminal"},
      {.name = "--repeat",
       .value = "RUN",
       .help = "the same command on the same versions, in the same folder",
       .completes = Completes::run},
      {.name = "--cluster",
       .value = "EXECUTOR",
       .help = "where it runs",
       .default_value = "local"}};
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
                   "as it is. All datastores are seen as /datastores/NAME/VERSION for as long as "
                   "the script runs, and by nobody else. In the arguments, also behind the '=' of "
                   "--flag=VALUE, grid:NAME:VERSION, grid:NAME:latest and grid:NAME become those "
                   "paths, and /datastores/NAME means one version for the whole run: the one that "
                   "an option names, else the newest. The exit status and the three standard "
                   "streams are the script's. A record of the run is kept, with what it printed "
                   "and what it wrote to $GRID_ARTIFACTS: see grid status, logs and artifacts.",
               .positionals = {{.name = "SCRIPT", .required = false, .completes = Completes::file},
                               {.name = "ARGS", .required = false, .repeatable = true}},
               .options = run_options(),
               .examples = {"grid run main.py --data_dir /datastores/cats/1",
                            "grid run ./train --train=grid:cats:2 --test=grid:dogs",
                            "grid run --datastore_name cats:2 -- ls -l /datastores/cats",
                            "grid run --detach --name baseline main.py grid:cats"},
               .raw_rest = true},
      .run = run_script};
}

}  // namespace grid::cli
