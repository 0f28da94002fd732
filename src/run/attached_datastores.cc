#include "run/attached_datastores.h"

#include "care/exporter.h"

namespace grid::run {

namespace fs = std::filesystem;

namespace {

void copy_versions(const ServerRequest& request, const fs::path& folder) {
  const std::shared_ptr<dataset::OpenStore> store = request.open_store(nullptr);
  for (const UsedVersion& version : request.attachment.versions) {
    const dataset::Version found =
        store->datastores->resolve({version.name, version.version, false});
    const fs::path to = folder / version.name / std::to_string(version.version);
    make_folders(to.parent_path());
    care::ExportProgress progress;
    care::export_tree(*store, store->manifest(found.record), "", to, progress);
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
