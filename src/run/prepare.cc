#include "run/prepare.h"

#include <filesystem>

#include "base/current_folder.h"
#include "base/error.h"
#include "run/run_name.h"

namespace grid::run {

namespace fs = std::filesystem;

namespace {

void check_setting(const std::string& setting) {
  const std::size_t equals = setting.find('=');
  if (equals == std::string::npos || equals == 0)
    fail(ErrorKind::invalid_argument, "--env {}: expected NAME=VALUE", setting);
}

// All commands of a run, concatenated into one request, so that they agree on versions.
ReferenceRequest joined(const ReferenceRequest& request,
                        const std::vector<Experiment>& experiments) {
  ReferenceRequest all = request;
  for (const Experiment& experiment : experiments)
    all.command.insert(all.command.end(), experiment.command.begin(), experiment.command.end());
  return all;
}

RunRecord record_of(const RunRequest& request, const ResolvedReferences& resolved,
                    const std::string& store_id) {
  const auto now = std::chrono::system_clock::now();
  RunRecord record;
  record.id = make_run_id(now);
  record.command = request.references.command;
  record.settings = request.settings;
  bool was_deleted;  // a script may start there all the same
  record.folder = request.folder.empty() ? current_folder(&was_deleted).string() : request.folder;
  record.user = request.user;
  record.host = request.host;
  record.grid_version = request.grid_version;
  record.executor = request.executor;
  record.store = request.store;
  record.store_id = store_id;
  record.mount_folder = request.references.mount_folder;
  record.literal = request.references.literal;
  record.copied = request.copy;
  record.prefetch = request.prefetch;
  record.session = request.session;
  for (const AttachedVersion& version : resolved.versions)
    record.versions.push_back({.name = version.name,
                               .version = version.record.number,
                               .root = version.record.root,
                               .named = true});
  record.pins = resolved.pins;
  record.artifacts_source = request.artifacts_source;
  record.created = format_time(now);
  return record;
}

std::vector<RunRecord> experiment_records(const RunRecord& sweep,
                                          std::vector<Experiment> experiments) {
  std::vector<RunRecord> records;
  for (Experiment& experiment : experiments) {
    RunRecord record = sweep;
    record.command = std::move(experiment.command);
    record.parameters = std::move(experiment.parameters);
    records.push_back(std::move(record));
  }
  return records;
}

// Splits the command that joined() concatenated into those of the records.
void set_resolved(const std::vector<std::string>& resolved, RunRecord& run,
                  std::vector<RunRecord>& experiments) {
  auto next = resolved.begin();
  auto take = [&](RunRecord& record) {
    const auto end = next + static_cast<std::ptrdiff_t>(record.command.size());
    record.resolved_command.assign(next, end);
    next = end;
  };
  take(run);
  for (RunRecord& experiment : experiments) take(experiment);
}

bool begins_with_reference(const RunRecord& record) {
  return !find_references(record.command.front(), record.mount_folder).empty();
}

void remove_all(const Runs& runs, const PreparedRun& run) {
  for (const std::string& name : run.record.experiments) runs.folder_of(name).remove();
  run.folder.remove();
}

// NAME-exp0, NAME-exp1, …
void name_experiments(const Runs& runs, PreparedRun& run) {
  try {
    for (std::size_t i = 0; i < run.experiments.size(); ++i) {
      RunRecord& experiment = run.experiments[i];
      experiment.name = runs.make(fmt::format("{}-exp{}", run.record.name, i)).name();
      run.record.experiments.push_back(experiment.name);
      experiment.id = fmt::format("{}-{:04}", run.record.id, i);
      experiment.parent = run.record.name;
    }
  } catch (const Error&) {
    remove_all(runs, run);
    throw;
  }
}

}  // namespace

PreparedRun prepare_run(const Runs& runs, const dataset::OpenStore& store,
                        const RunRequest& request) {
  for (const std::string& setting : request.settings) check_setting(setting);
  if (!request.name.empty()) check_run_name(request.name);
  const VersionResolver resolve = [&](const dataset::Reference& reference) {
    return store.datastores->resolve(reference);
  };
  std::vector<Experiment> experiments = expand_sweep(request.references.command, request.sweep);
  ReferenceRequest references = joined(request.references, experiments);
  ResolvedReferences resolved = resolve_references(references, resolve);
  RunRecord record = record_of(request, resolved, store.marker.store_id);
  std::vector<RunRecord> records = experiment_records(record, std::move(experiments));
  set_resolved(resolved.command, record, records);
  program_of(record, request.environment, request.folder);

  PreparedRun run{.folder = runs.make(request.name),
                  .record = std::move(record),
                  .experiments = std::move(records),
                  .environment = with_settings(request.environment, request.settings),
                  .references = {}};
  run.record.name = run.folder.name();
  if (request.copy) {
    // The path is known only now: the copies lie in the run's own folder.
    references.mount_folder = run.record.mount_folder = run.folder.copies().string();
    for (RunRecord& experiment : run.experiments) experiment.mount_folder = references.mount_folder;
    resolved.command = resolve_references(references, resolve).command;
    set_resolved(resolved.command, run.record, run.experiments);
  }
  name_experiments(runs, run);
  run.references = std::move(resolved);
  return run;
}

RunRequest repeat_request(const RunRecord& record, const dataset::OpenStore& store,
                          RunRequest request) {
  if (record.store_id != store.marker.store_id)
    fail(ErrorKind::not_found, "the run {} read another store, {}: name it with --store",
         record.name, record.store);
  ReferenceRequest& references = request.references;
  references.command = record.resolved_command;
  references.literal = references.literal || record.literal;
  if (record.experiments.empty()) request.sweep.strategy = Strategy::none;
  references.mount_folder = record.copied ? std::string(default_mount_folder) : record.mount_folder;
  references.datastore_names.clear();
  references.datastore_version.clear();
  std::map<std::string, dataset::VersionNumber> pins = record.pins;
  for (const RunVersion& version : record.versions) {
    const dataset::Version there =
        store.datastores->resolve({version.name, version.version, false});
    if (there.record.root != version.root)
      fail(ErrorKind::not_found, "{}:{} is not what the run {} read: its root was {}", version.name,
           version.version, record.name, version.root.short_hex());
    pins.try_emplace(version.name, version.version);
  }
  for (const auto& [name, number] : pins)
    references.datastore_names.push_back(fmt::format("{}:{}", name, number));
  if (request.settings.empty()) request.settings = record.settings;
  if (request.artifacts_source.empty()) request.artifacts_source = record.artifacts_source;
  request.copy = request.copy || record.copied;
  return request;
}

std::vector<std::string> with_settings(std::vector<std::string> environment,
                                       const std::vector<std::string>& settings) {
  for (const std::string& setting : settings) {
    const std::size_t equals = setting.find('=');
    set_variable(environment, setting.substr(0, equals), setting.substr(equals + 1));
  }
  return environment;
}

std::vector<std::string> environment_of(const RunFolder& folder, const RunRecord& record,
                                        std::vector<std::string> environment) {
  set_variable(environment, "GRID_RUN_ID", record.id);
  set_variable(environment, "GRID_RUN_NAME", record.name);
  set_variable(environment, "GRID_DATASTORES", record.mount_folder);
  set_variable(
      environment, "GRID_ARTIFACTS",
      record.artifacts_source.empty() ? folder.artifacts().string() : record.artifacts_source);
  return environment;
}

Program program_of(const RunRecord& record, const std::vector<std::string>& environment,
                   const std::string& folder) {
  return find_program({.command = record.resolved_command,
                       .search_path = std::string(find_variable(environment, "PATH")),
                       .folder = folder,
                       .is_attached_later = begins_with_reference(record)});
}

}  // namespace grid::run
