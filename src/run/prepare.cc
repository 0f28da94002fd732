#include "run/prepare.h"

#include <filesystem>

#include "base/error.h"
#include "run/run_name.h"

namespace grid::run {

namespace fs = std::filesystem;

namespace {

void check_setting(const std::string& setting) {
  const std::size_t equals = setting.find('=');
  if (equals == std::string::npos || equals == 0)
    fail(ErrorKind::invalid_argument, "--env {}: it takes NAME=VALUE", setting);
}

RunRecord record_of(const RunRequest& request, const ResolvedReferences& resolved,
                    const std::string& store_id) {
  const auto now = std::chrono::system_clock::now();
  RunRecord record;
  record.id = make_run_id(now);
  record.command = request.references.command;
  record.resolved_command = resolved.command;
  record.settings = request.settings;
  std::error_code ignored;  // a folder that was removed meanwhile has no name
  record.folder = fs::current_path(ignored).string();
  record.user = request.user;
  record.host = request.host;
  record.grid_version = request.grid_version;
  record.executor = request.executor;
  record.store = request.store;
  record.store_id = store_id;
  record.mount_folder = request.references.mount_folder;
  record.copied = request.copy;
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

bool begins_with_reference(const RunRecord& record) {
  return find_reference(record.command.front(), record.mount_folder).has_value();
}

}  // namespace

PreparedRun prepare_run(const Runs& runs, const dataset::OpenStore& store,
                        const RunRequest& request) {
  for (const std::string& setting : request.settings) check_setting(setting);
  if (!request.name.empty()) check_run_name(request.name);
  ResolvedReferences resolved = resolve_references(
      request.references,
      [&](const dataset::Reference& reference) { return store.datastores->resolve(reference); });
  RunRecord record = record_of(request, resolved, store.marker.store_id);
  program_of(record, request.environment);

  RunFolder folder = runs.make(request.name);
  record.name = folder.name();
  if (request.copy) {
    // Known only now: the copies lie in the run's own folder.
    ReferenceRequest there = request.references;
    there.mount_folder = record.mount_folder = folder.copies().string();
    resolved.command = record.resolved_command =
        resolve_references(there, [&](const dataset::Reference& reference) {
          return store.datastores->resolve(reference);
        }).command;
  }
  std::vector<std::string> environment = request.environment;
  for (const std::string& setting : request.settings) {
    const std::size_t equals = setting.find('=');
    set_variable(environment, setting.substr(0, equals), setting.substr(equals + 1));
  }
  return {.folder = std::move(folder),
          .record = std::move(record),
          .experiments = {},
          .environment = std::move(environment),
          .references = std::move(resolved)};
}

RunRequest repeat_request(const RunRecord& record, const dataset::OpenStore& store,
                          RunRequest request) {
  if (record.store_id != store.marker.store_id)
    fail(ErrorKind::not_found, "the run {} read another store, {}: name it with --store",
         record.name, record.store);
  ReferenceRequest& references = request.references;
  references.command = record.resolved_command;
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

Program program_of(const RunRecord& record, const std::vector<std::string>& environment) {
  return find_program({.command = record.resolved_command,
                       .search_path = std::string(find_variable(environment, "PATH")),
                       .is_attached_later = begins_with_reference(record)});
}

}  // namespace grid::run
