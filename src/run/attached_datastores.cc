#include "run/attached_datastores.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>

#include "care/destination.h"
#include "care/exporter.h"
#include "run/await.h"

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

constexpr std::string_view copied_message = "c";

// In the process that copies, which ends with its supervisor, so that a lost run's copies stay as
// they are until they are removed.
void copy_and_tell(const ServerRequest& request, const fs::path& folder, pid_t supervisor,
                   const FileDescriptor& to) noexcept {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != supervisor) return;
  try {
    copy_versions(request, folder);
    send_message(to, copied_message);
  } catch (const Error& error) {
    send_failure(to, error);
  } catch (const std::exception& error) {  // there is no memory, or no thread can be made
    send_failure(to, Error(ErrorKind::unavailable,
                           fmt::format("cannot copy the datastores: {}", error.what())));
  }
}

void remove_copies(const fs::path& copies) {
  std::error_code ignored;
  if (!copies.empty()) fs::remove_all(copies, ignored);
}

}  // namespace

AttachedDatastores::AttachedDatastores(Processes& processes, const ServerRequest& request,
                                       Scoreboard& board) {
  server_.emplace(processes, request, board);
  mount_ = make_private_mount(processes, request.mount_folder);
  server_->serve(std::move(mount_->device));
}

// A process of its own copies: it can be ended at any moment, whatever its threads wait for.
AttachedDatastores::AttachedDatastores(Processes& processes, const ServerRequest& request,
                                       fs::path copies)
    : copies_(std::move(copies)) {
  const pid_t self = ::getpid();
  const ChildProcess copier = processes.start(
      {.name = "grid-copy"},
      [&](const FileDescriptor& supervisor) { copy_and_tell(request, copies_, self, supervisor); });
  try {
    const Message copied = await_message(processes, copier.channel);
    check_failure(copied);
    if (copied.text != copied_message)
      fail(ErrorKind::unavailable, "the process that copies the datastores ended before it could");
  } catch (const Error&) {
    processes.send(copier.process, SIGKILL);
    processes.wait_for_end(copier.process);
    remove_copies(copies_);
    throw;
  }
  processes.wait_for_end(copier.process);
}

AttachedDatastores::~AttachedDatastores() { remove_copies(copies_); }

void AttachedDatastores::leave() {
  mount_.reset();
  if (server_) server_->leave();
}

}  // namespace grid::run
