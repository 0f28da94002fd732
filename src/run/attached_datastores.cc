#include "run/attached_datastores.h"

#include "care/destination.h"
#include "care/exporter.h"

namespace grid::run {

namespace fs = std::filesystem;

namespace {

// A script must not take a part of a version for the whole.
[[noreturn]] void refuse_part_of(const UsedVersion& version, const care::ExportReport& report) {
  const care::ExportFailure& first = report.failures.front();
  const std::string place = dataset::spell(version.name, version.version);
  fail(first.kind, "{}: {}{}{}{}", place, first.path, first.path.empty() ? "" : ": ", first.reason,
       report.failed > 1 ? fmt::format(" ({} entries cannot be copied)", report.failed) : "");
}

void copy_versions(const ServerRequest& request, const fs::path& folder) {
  const std::shared_ptr<dataset::OpenStore> store = request.open_store(nullptr);
  for (const UsedVersion& version : request.attachment.versions) {
    const dataset::Version found =
        store->datastores->resolve({version.name, version.version, false});
    const fs::path to = folder / version.name / std::to_string(version.version);
    make_folders(to.parent_path());
    care::ExportProgress progress;
    const care::ExportReport report =
        care::export_tree(*store, store->manifest(found.record), "", to, progress);
    if (report.failed > 0) refuse_part_of(version, report);
    if (found.record.top_mtime_ns) care::set_folder_time(to, *found.record.top_mtime_ns);
  }
}

}  // namespace

AttachedDatastores::AttachedDatastores(Processes& processes, const ServerRequest& request,
                                       Scoreboard& board) {
  server_.emplace(processes, request, board);
  mount_ = make_private_mount(processes, request.mount_folder);
  server_->serve(std::move(mount_->device));
}

AttachedDatastores::AttachedDatastores(const ServerRequest& request, fs::path copies)
    : copies_(std::move(copies)) {
  copy_versions(request, copies_);
}

AttachedDatastores::~AttachedDatastores() {
  std::error_code ignored;
  if (!copies_.empty()) fs::remove_all(copies_, ignored);
}

void AttachedDatastores::leave() {
  mount_.reset();
  if (server_) server_->leave();
}

}  // namespace grid::run
