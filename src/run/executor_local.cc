#include "run/executor_local.h"

#include <unistd.h>

#include <future>
#include <thread>

#include "base/error.h"
#include "mount/filesystem.h"
#include "mount/fuse_server.h"
#include "run/attachment.h"
#include "run/record.h"

namespace grid::run {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::milliseconds bookkeeping_interval{1000};

// A mount that is answered from threads of this process, until destruction.
class Serving {
 public:
  // Returns when the kernel and the server have shaken hands.
  Serving(mount::Filesystem& filesystem, FileDescriptor device)
      : server_(filesystem, {.on_ready = [this] { ready_.set_value(); }}) {
    server_.adopt(std::move(device));
    thread_ = std::thread([this] { serve(); });
    try {
      ready_.get_future().get();
    } catch (const Error&) {
      thread_.join();
      throw;
    }
  }

  ~Serving() {
    server_.stop();
    thread_.join();
  }

 private:
  void serve() noexcept {
    try {
      server_.serve();
    } catch (const Error&) {
      // Before the handshake it is a failure to attach. Later it can only mean that the mount was
      // taken away, which the script hears as an I/O error.
      try {
        ready_.set_exception(std::current_exception());
      } catch (const std::future_error&) {
      }
    }
  }

  std::promise<void> ready_;
  mount::FuseServer server_;
  std::thread thread_;
};

std::vector<UsedVersion> named_versions(const ResolvedReferences& resolved) {
  std::vector<UsedVersion> named;
  for (const AttachedVersion& version : resolved.versions)
    named.push_back({version.name, version.record.number});
  return named;
}

std::vector<UsedVersion> touched_versions(const mount::Filesystem& filesystem) {
  std::vector<UsedVersion> touched;
  for (const mount::VersionName& version : filesystem.touched())
    touched.push_back({version.name, version.number});
  return touched;
}

RunRecord record_of(const RunRequest& request, const ResolvedReferences& resolved,
                    const std::string& store_id) {
  const auto now = std::chrono::system_clock::now();
  RunRecord record;
  record.id = make_run_id(now);
  record.command = request.references.command;
  record.name =
      request.name.empty() ? fs::path(record.command.front()).filename().string() : request.name;
  record.resolved_command = resolved.command;
  std::error_code ignored;  // a folder that was removed meanwhile has no name
  record.folder = fs::current_path(ignored).string();
  record.user = request.user;
  record.host = request.host;
  record.grid_version = request.grid_version;
  record.pid = ::getpid();
  record.store = request.store;
  record.store_id = store_id;
  record.mount_folder = request.references.mount_folder;
  for (const AttachedVersion& version : resolved.versions)
    record.versions.push_back({version.name, version.record.number, version.record.root});
  record.started = format_time(now);
  return record;
}

// The two files that tell others about a run: its record, for later, and its attachment, for as
// long as it lives. Once the script runs, a full disk must not change how it ends: failures are
// reported, not thrown.
class Bookkeeping {
 public:
  Bookkeeping(const RunRequest& request, RunRecord record)
      : request_(request),
        record_(std::move(record)),
        attachment_(request.attachment_folder,
                    {.kind = AttachmentKind::run,
                     .label = fmt::format("{} ({})", record_.name, record_.id),
                     .store_id = record_.store_id,
                     .versions = versions_in_use()}) {}

  void begin() { write_record(request_.record_folder, record_); }

  // The script could not be started after all.
  void discard() { remove_record(request_.record_folder, record_.id); }

  void update(std::vector<UsedVersion> touched) {
    if (touched == record_.touched) return;
    record_.touched = std::move(touched);
    reporting([&] {
      attachment_.use(versions_in_use());
      write_record(request_.record_folder, record_);
    });
  }

  void end(std::vector<UsedVersion> touched, const ExitStatus& end) {
    record_.touched = std::move(touched);
    record_.ended = format_time(std::chrono::system_clock::now());
    record_.end = end;
    reporting([&] { write_record(request_.record_folder, record_); });
  }

 private:
  std::vector<UsedVersion> versions_in_use() const {
    std::vector<UsedVersion> used = record_.touched;
    for (const PinnedVersion& pinned : record_.versions) {
      UsedVersion named{pinned.name, pinned.version};
      if (std::find(used.begin(), used.end(), named) == used.end()) used.push_back(named);
    }
    return used;
  }

  template <class Write>
  void reporting(const Write& write) const {
    try {
      write();
    } catch (const Error& error) {
      if (request_.on_problem) request_.on_problem(error.what());
    }
  }

  const RunRequest& request_;
  RunRecord record_;
  LiveAttachment attachment_;
};

// A pinned version whose top holds names that versions may have cannot be shown in its
// datastore's folder; who asked for the pin by an option must hear of it.
void report_unmerged_pins(const mount::Filesystem& filesystem, const RunRequest& request) {
  const ReferenceRequest& references = request.references;
  if (!request.on_problem ||
      (references.datastore_names.empty() && references.datastore_version.empty()))
    return;
  for (const mount::VersionName& pin : filesystem.unmerged_pins())
    request.on_problem(fmt::format(
        "{1}:{2} has files or folders called like versions, so {0}/{1} shows its versions only: "
        "use {0}/{1}/{2}",
        references.mount_folder, pin.name, pin.number));
}

}  // namespace

ExitStatus run_locally(const std::shared_ptr<dataset::OpenStore>& store,
                       const RunRequest& request) {
  const ReferenceRequest& references = request.references;
  const ResolvedReferences resolved = resolve_references(
      references,
      [&](const dataset::Reference& reference) { return store->datastores->resolve(reference); });
  const Program program = find_program(
      {.command = resolved.command,
       .search_path = std::string(find_variable(request.environment, "PATH")),
       .is_attached_later =
           find_reference(references.command.front(), references.mount_folder).has_value()});

  RunRecord record = record_of(request, resolved, store->marker.store_id);
  std::vector<std::string> environment = request.environment;
  set_variable(environment, "GRID_RUN_ID", record.id);
  set_variable(environment, "GRID_DATASTORES", references.mount_folder);
  Bookkeeping books(request, std::move(record));
  // Whoever deletes a version looks for its users first. Now that we are one, what was there a
  // moment ago must still be.
  for (const UsedVersion& version : named_versions(resolved))
    store->datastores->resolve({version.name, version.version, false});
  if (request.on_resolved) request.on_resolved(resolved);

  ScriptProcess process(
      {.program = program, .environment = environment, .mount_folder = references.mount_folder});
  mount::Filesystem filesystem(
      store, {.pins = resolved.pins, .pin_newest = true, .on_problem = request.on_problem});
  report_unmerged_pins(filesystem, request);
  Serving serving(filesystem, process.take_device());
  books.begin();
  try {
    process.start();
  } catch (const Error&) {
    books.discard();
    throw;
  }
  const ExitStatus end =
      process.wait(bookkeeping_interval, [&] { books.update(touched_versions(filesystem)); });
  books.end(touched_versions(filesystem), end);
  return end;
}

}  // namespace grid::run
