#include "service/run_starts.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <set>

#include "base/error.h"
#include "service/mounts.h"

namespace grid::service {

namespace fs = std::filesystem;

namespace {

fs::path absolute_path(const std::string& written, const RunCaller& caller) {
  if (caller.folder.empty()) return fs::absolute(written);
  return fs::path(caller.folder) / written;
}

// The folder where datastores are attached, made absolute, without "." and "..", and without a '/'
// at the end.
std::string mount_folder_of(const std::string& written, const RunCaller& caller) {
  fs::path folder = "/";
  if (!written.empty()) folder = absolute_path(written, caller).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();
  if (folder.relative_path().empty())  // "//" is not "/" to this library
    fail(ErrorKind::invalid_argument, "datastores cannot be attached at {}: name a folder",
         written.empty() ? "\"\"" : written);
  return folder.string();
}

// A run may open its store from another folder, or on another machine.
std::string absolute_store(const Settings& settings, const RunCaller& caller) {
  if (settings.store.find("://") != std::string::npos) return settings.store;
  return absolute_path(settings.store, caller).string();
}

run::ReferenceRequest references_of(const StartRequest& request, const run::RunConfig& config) {
  run::ReferenceRequest references{
      .command = request.command,
      .datastore_names =
          request.datastore_names.empty() ? config.datastore_names : request.datastore_names,
      .datastore_version = request.datastore_version.value_or(config.datastore_version)};
  if (request.mount_folder)
    references.mount_folder = mount_folder_of(*request.mount_folder, request.caller);
  else if (!config.datastore_mount_folder.empty())
    references.mount_folder = mount_folder_of(config.datastore_mount_folder, request.caller);
  references.literal = request.literal;
  for (const auto& [name, value] : config.parameters)
    for (std::string& word : run::spell_parameter(name, value))
      references.command.push_back(std::move(word));
  return references;
}

run::SweepOptions sweep_of(const StartRequest& request, const run::RunConfig& config) {
  run::SweepOptions sweep{.num_trials = request.num_trials ? request.num_trials : config.num_trials,
                          .seed = request.seed.value_or(config.seed.value_or(0))};
  if (request.strategy)
    sweep.strategy = *request.strategy;
  else if (!config.strategy.empty())
    sweep.strategy = run::parse_strategy(config.strategy);
  return sweep;
}

run::RunRequest run_request(const Settings& settings, const StartRequest& request) {
  const run::RunConfig config = request.config.value_or(run::RunConfig{});
  run::RunRequest made{.references = references_of(request, config),
                       .environment = request.caller.environment,
                       .settings = config.settings,
                       .name = request.name,
                       .executor = request.executor,
                       .sweep = sweep_of(request, config),
                       .copy = request.copy,
                       .prefetch = request.prefetch,
                       .session = request.session,
                       .artifacts_source = request.artifacts_source,
                       .folder = request.caller.folder,
                       .store = absolute_store(settings, request.caller),
                       .user = request.caller.user,
                       .host = request.caller.host,
                       .grid_version = request.caller.grid_version};
  made.settings.insert(made.settings.end(), request.settings.begin(), request.settings.end());
  return made;
}

void check_folder(const run::RunRecord& record) {
  struct stat st {};
  int problem = 0;
  if (::stat(record.folder.c_str(), &st) != 0 || ::access(record.folder.c_str(), X_OK) != 0)
    problem = errno;
  else if (!S_ISDIR(st.st_mode))
    problem = ENOTDIR;
  if (problem != 0)
    throw system_error(
        problem, fmt::format("cannot go to the folder of {}, {}", record.name, record.folder));
}

// The variables of the run take precedence over those that an executor adds for its jobs.
std::vector<std::string> merged_environment(const run::RunFolder& folder,
                                            const std::vector<std::string>& of_job) {
  std::vector<std::string> variables = folder.read_environment();
  std::set<std::string, std::less<>> names;
  for (const std::string& variable : variables)
    names.insert(variable.substr(0, variable.find('=')));
  for (const std::string& variable : of_job)
    if (!names.contains(variable.substr(0, variable.find('=')))) variables.push_back(variable);
  return variables;
}

}  // namespace

// The server of a run is outside its mount; but the script could not write its artifacts, nor use
// grid.
static void refuse_own_folders_of(const Settings& settings, const run::RunRequest& request) {
  if (request.copy) return;  // nothing is mounted
  Settings absolute = settings;
  absolute.store = request.store;
  refuse_own_folders(absolute, request.references.mount_folder, "datastores cannot be attached at");
}

run::PreparedRun prepare_run(const Settings& settings, const dataset::OpenStore& store,
                             const StartRequest& request) {
  const run::Runs runs(settings.run_folder, settings.servers.warn);
  run::RunRequest made = run_request(settings, request);
  if (!request.repeated) {
    if (request.command.empty()) fail(ErrorKind::invalid_argument, "there is no command to run");
    refuse_own_folders_of(settings, made);
    return run::prepare_run(runs, store, made);
  }
  if (!request.command.empty())
    fail(ErrorKind::invalid_argument, "--repeat {} takes its command from that run: leave out {}",
         *request.repeated, request.command.front());
  const run::RunRecord record = runs.get(*request.repeated).read();
  made = run::repeat_request(record, store, std::move(made));
  check_folder(record);
  made.folder = record.folder;
  refuse_own_folders_of(settings, made);
  return run::prepare_run(runs, store, made);
}

StartedJob start_job(const Settings& settings, run::PreparedRun run, const JobOptions& options) {
  const run::Runs runs(settings.run_folder, settings.servers.warn);
  const run::RunFolder& folder = run.folder;
  StartedJob started{.name = run.record.name, .executor = run.record.executor, .job = {}};
  try {
    check_folder(run.record);  // before a job is started only to say so
    folder.write(run.record);
    folder.write_environment(run.environment);
    for (const run::RunRecord& experiment : run.experiments)
      runs.folder_of(experiment.name).write(experiment);
    started.job =
        run::make_executor(run.record.executor)
            ->start({.folder = folder,
                     .command = {options.program, "--quiet", "run-job", "--parallel",
                                 std::to_string(options.parallel), folder.path().string()},
                     .resources = options.resources});
  } catch (const Error&) {
    folder.remove();
    for (const run::RunRecord& experiment : run.experiments)
      runs.folder_of(experiment.name).remove();
    throw;
  }
  folder.write_job(started.job);
  return started;
}

run::PreparedRun read_job(const run::RunFolder& folder, const std::string& host,
                          const std::vector<std::string>& job_environment) {
  const run::Runs runs(folder.path().parent_path());
  run::PreparedRun run{.folder = folder,
                       .record = folder.read(),
                       .experiments = {},
                       .environment = merged_environment(folder, job_environment),
                       .references = {}};
  run.record.host = host;
  for (const std::string& name : run.record.experiments)
    run.experiments.push_back(runs.folder_of(name).read());
  return run;
}

void write_document(JsonWriter& json, const StartedJob& started) {
  json.begin_object()
      .member("name", started.name)
      .member("executor", started.executor)
      .member("job", started.job)
      .end_object();
}

}  // namespace grid::service
