#include "run/datastore_server.h"

#include <poll.h>
#include <unistd.h>

#include <mutex>
#include <optional>
#include <thread>

#include "base/error.h"
#include "mount/filesystem.h"
#include "mount/fuse_server.h"
#include "run/messages.h"

namespace grid::run {

namespace {

// Keeps versions marked in use after their holder was killed. Thread-safe.
class BackgroundUse {
 public:
  BackgroundUse(const ServerRequest& request, const Scoreboard& board,
                const FileDescriptor& channel)
      : request_(request), board_(board), channel_(channel) {}

  // Never returns; the process exits when the connection ends.
  void watch(mount::Filesystem& filesystem) noexcept {
    for (Message message = receive_message(channel_); !message.text.empty();
         message = receive_message(channel_))
      answer_pin(filesystem, message.text.substr(1));
    ::poll(nullptr, 0, static_cast<int>(end_of_connection.count()));
    for (;; ::poll(nullptr, 0, 1000)) {
      try {
        hold();
      } catch (const std::exception&) {
        // The disk is full, say: it is tried again. No process is left to tell.
      }
    }
  }

  void end() {
    std::lock_guard lock(mutex_);
    is_over_ = true;
    live_.reset();
  }

 private:
  void answer_pin(mount::Filesystem& filesystem, const std::string& version) noexcept {
    try {
      const dataset::Reference wanted = dataset::Reference::parse(version);
      const bool pinned = filesystem.pin({wanted.name, wanted.version.value_or(0)});
      send_message(channel_, pinned ? pinned_message : not_pinned_message);
    } catch (const Error& error) {
      send_failure(channel_, error);
    } catch (const std::exception& error) {  // there is no memory
      send_failure(channel_, Error(ErrorKind::unavailable, error.what()));
    }
  }

  void hold() {
    std::lock_guard lock(mutex_);
    if (is_over_) return;
    if (!live_) live_.emplace(request_.attachment_folder, request_.attachment);
    live_->use(versions_in_use(request_.attachment, board_));
  }

  const ServerRequest& request_;
  const Scoreboard& board_;
  const FileDescriptor& channel_;
  std::mutex mutex_;  // also held while the attachment is written, which is rare and short
  std::optional<LiveAttachment> live_;  // guarded by mutex_
  bool is_over_ = false;                // guarded by mutex_
};

void tell_problem(const FileDescriptor& channel, std::string_view sentence) {
  send_message(channel, fmt::format("{}{}", problem_message, sentence));
}

// A pinned version with entries at its top named like versions cannot be shown in its datastore's
// folder. A user who asked for the pin by an option must be told.
void report_unmerged_pins(const mount::Filesystem& filesystem, const ServerRequest& request,
                          const FileDescriptor& channel) {
  if (!request.pins_were_named) return;
  for (const mount::VersionName& pin : filesystem.unmerged_pins())
    tell_problem(channel, fmt::format("{1}:{2} has files or folders named like versions, so "
                                      "{0}/{1} shows only its versions: use {0}/{1}/{2}",
                                      request.mount_folder, pin.name, pin.number));
}

// Waits for the device and shakes hands. Ends the process if the run is abandoned.
void begin(const ServerRequest& request, const dataset::OpenStore& store,
           const mount::Filesystem& filesystem, mount::FuseServer& server,
           const FileDescriptor& channel) {
  // A version may have been deleted before the supervisor's attachment was written. From then on
  // `delete` sees it and refuses, so a version that is found here stays.
  for (const UsedVersion& used : request.attachment.versions)
    store.datastores->resolve({used.name, used.version, false});
  report_unmerged_pins(filesystem, request, channel);
  Message message = receive_message(channel);
  if (message.descriptors.empty()) ::_exit(0);
  const Bytes handshake = server.adopt(std::move(message.descriptors[0]));
  send_message(channel, std::string(ready_message) + std::string(as_text(handshake)));
}

// Runs on a thread of its own, until done.
void prefetch_versions(const ServerRequest& request, const dataset::OpenStore& store) noexcept {
  try {
    const std::filesystem::path traces = dataset::trace_folder(store.cache_folder);
    std::uint64_t left = dataset::prefetch_size_max(store);
    for (const UsedVersion& used : request.attachment.versions) {
      const Digest root = store.datastores->resolve({used.name, used.version, false}).record.root;
      const auto manifest = tree::Manifest::open(store.chunks, store.segments, root);
      left -= request.prefetch == dataset::Prefetch::all
                  ? dataset::prefetch_all(store, *manifest, {.size_max = left})
                  : dataset::prefetch(store, *manifest, dataset::find_trace(traces, root),
                                      {.size_max = left});
    }
  } catch (const std::exception&) {
    // Readers get the store's errors themselves.
  }
}

// A server that takes over opens the store anew, and another may be there by now: names of that one
// must not lead to bytes of this one.
void refuse_other_store(const ServerRequest& request, const dataset::OpenStore& store) {
  if (store.marker.store_id != request.attachment.store_id)
    fail(ErrorKind::changed, "{} is another store now than the one that the run reads",
         store.origin->name());
}

void serve(const ServerRequest& request, Scoreboard& board, const FileDescriptor& channel,
           const Heritage& heritage) {
  const bool is_first = heritage.device < 0;
  const std::shared_ptr<dataset::OpenStore> store = request.open_store(&board.read_costs());
  refuse_other_store(request, *store);
  dataset::TraceRecorder recorder;
  mount::Filesystem filesystem(
      store, {.pins = request.pins,
              .pin_newest = true,
              .counter_of =
                  [&](const mount::VersionName& version, const Digest& root) {
                    return &board.counter({version.name, version.number}, root);
                  },
              .recorder = &recorder,
              .slot_file = heritage.slot_file,
              .on_problem = [&](std::string_view text) { tell_problem(channel, text); }});
  mount::FuseServer server(filesystem, {.costs = &board.request_costs()});
  if (is_first) {
    begin(request, *store, filesystem, server, channel);
  } else {
    server.take_over(FileDescriptor(heritage.device), heritage.handshake);
    send_message(channel, ready_message);
  }
  BackgroundUse background(request, board, channel);
  std::thread([&] { background.watch(filesystem); }).detach();
  if (is_first && request.prefetch != dataset::Prefetch::none)
    std::thread([&] { prefetch_versions(request, *store); }).detach();
  server.serve();
  for (const auto& [root, trace] : recorder.traces())
    dataset::save_trace(dataset::trace_folder(store->cache_folder), root, trace);
  background.end();
  ::_exit(0);  // without destroying what the other threads still use
}

}  // namespace

void serve_datastores(const ServerRequest& request, Scoreboard& board,
                      const FileDescriptor& channel, const Heritage& heritage) {
  try {
    serve(request, board, channel, heritage);
  } catch (const Error& error) {
    // Before serving, this is a failure to attach. Later it can only be a broken connection, which
    // the script sees as an I/O error.
    send_failure(channel, error);
  } catch (const std::exception& error) {  // there is no memory, or no thread can be made
    send_failure(channel, Error(ErrorKind::unavailable,
                                fmt::format("cannot serve the datastores: {}", error.what())));
  }
}

std::vector<UsedVersion> versions_in_use(const Attachment& attachment, const Scoreboard& board) {
  std::vector<UsedVersion> used = attachment.versions;
  for (const ReadVersion& read : board.versions()) used.push_back(read.version);
  return used;
}

}  // namespace grid::run
