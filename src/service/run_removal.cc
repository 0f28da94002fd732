#include "service/run_removal.h"

#include <filesystem>

#include "base/error.h"
#include "base/utc.h"

namespace grid::service {

namespace fs = std::filesystem;

namespace {

std::uint64_t size_of(const fs::path& folder) {
  std::uint64_t bytes = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    std::error_code gone;
    if (!at->is_regular_file(gone) || at->is_symlink(gone)) continue;
    const std::uintmax_t size = at->file_size(gone);
    if (!gone) bytes += size;
  }
  return bytes;
}

RunToRemove with_folders(const run::Runs& runs, ObservedRun observed) {
  RunToRemove found{.run = std::move(observed), .folders = {}};
  for (const std::string& experiment : found.run.record.experiments)
    if (runs.folder_of(experiment).has_record()) found.folders.push_back(experiment);
  found.folders.push_back(found.run.record.name);
  for (const std::string& name : found.folders) found.bytes += size_of(runs.folder_of(name).path());
  return found;
}

}  // namespace

std::vector<RunToRemove> runs_to_remove(const Settings& settings,
                                        const std::vector<std::string>& names) {
  const run::Runs runs(settings.run_folder, settings.servers.warn);
  std::vector<RunToRemove> found;
  for (const std::string& name : names) {
    ObservedRun observed = observe_run(runs, runs.get(name).read());
    const run::RunRecord& record = observed.record;
    if (!record.parent.empty() && runs.folder_of(record.parent).has_record())
      fail(ErrorKind::invalid_argument, "{} is an experiment of the sweep {}: delete that", name,
           record.parent);
    if (!run::is_over(observed.state))
      fail(ErrorKind::unavailable, "{} is {}: end it first with grid stop {}", name,
           run::name_of(observed.state), name);
    found.push_back(with_folders(runs, std::move(observed)));
  }
  return found;
}

std::vector<RunToRemove> runs_to_prune(const Settings& settings, std::chrono::seconds age,
                                       std::size_t keep_last) {
  const run::Runs runs(settings.run_folder, settings.servers.warn);
  const auto oldest = std::chrono::system_clock::now() - age;
  std::vector<RunToRemove> found;
  std::size_t newer = 0;
  for (ObservedRun& observed : newest_runs(settings).runs) {
    if (newer++ < keep_last || !run::is_over(observed.state)) continue;
    const auto made = parse_rfc3339(observed.record.created);
    if (made && *made < oldest) found.push_back(with_folders(runs, std::move(observed)));
  }
  return found;
}

void remove_runs(const Settings& settings, const std::vector<RunToRemove>& runs) {
  const run::Runs all(settings.run_folder);
  for (const RunToRemove& one : runs)
    for (const std::string& name : one.folders) all.folder_of(name).remove_whole();
}

void write_document(JsonWriter& json, const std::vector<RunToRemove>& runs, bool removed) {
  std::uint64_t bytes = 0;
  json.begin_object().key("runs").begin_array();
  for (const RunToRemove& one : runs) {
    bytes += one.bytes;
    json.begin_object().member("name", one.run.record.name);
    json.member("status", run::name_of(one.run.state)).member("bytes", one.bytes).end_object();
  }
  json.end_array().member("bytes", bytes).member("removed", removed).end_object();
}

}  // namespace grid::service
