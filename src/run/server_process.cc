// Supervisor and server talk over a pair of sockets:
//
//   supervisor → server   "d" and the /dev/fuse descriptor; "vNAME:VERSION": pin this one;
//                         "l": the supervisor is about to end
//   server → supervisor   "r": served; "y", "n": pinned or not; "p…": a problem; a failure: it
//                         could not serve; "h": it holds the versions in use by itself
//
// The server serves on after the supervisor's end, since the script may have left processes behind
// that read; the kernel ends the connection with the last.
#include "run/server_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <mutex>
#include <thread>

#include "mount/filesystem.h"
#include "mount/fuse_server.h"
#include "run/process_setup.h"

namespace grid::run {

namespace {

constexpr std::string_view ready_message = "r", leave_message = "l", holding_message = "h";
constexpr std::string_view pinned_message = "y", not_pinned_message = "n";
constexpr char problem_message = 'p', pin_message = 'v';

// How long the kernel may take to end the connection after the last process inside has ended: it
// takes some milliseconds. Whoever is inside after that was left behind by the script.
constexpr int end_of_connection_ms = 100;

// Holds versions in use when the supervisor, who did, has ended. Thread-safe.
class BackgroundUse {
 public:
  BackgroundUse(const ServerRequest& request, const Scoreboard& board,
                const FileDescriptor& channel)
      : request_(request), board_(board), channel_(channel) {}

  // Never returns; the process exits when the connection ends.
  void watch(mount::Filesystem& filesystem) noexcept {
    // Until "l", or the supervisor was killed.
    for (Message message = receive_message(channel_);
         !message.text.empty() && message.text[0] == pin_message;
         message = receive_message(channel_))
      answer_pin(filesystem, message.text.substr(1));
    ::poll(nullptr, 0, end_of_connection_ms);
    try {
      for (;;) {
        hold();
        ::poll(nullptr, 0, 1000);
      }
    } catch (const Error&) {
      // A full disk: then a version can be deleted under what reads it, and nobody is left to tell.
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
    }
  }

  void hold() {
    std::vector<UsedVersion> used = request_.attachment.versions;
    for (const ReadVersion& read : board_.versions()) used.push_back(read.version);
    std::lock_guard lock(mutex_);
    if (is_over_) return;
    if (!live_) live_.emplace(request_.attachment_folder, request_.attachment);
    live_->use(std::move(used));
    send_message(channel_, holding_message);
  }

  const ServerRequest& request_;
  const Scoreboard& board_;
  const FileDescriptor& channel_;
  std::mutex mutex_;  // held while the attachment is written: it is rare and small
  std::optional<LiveAttachment> live_;  // guarded by mutex_
  bool is_over_ = false;                // guarded by mutex_
};

void tell_problem(const FileDescriptor& channel, std::string_view sentence) {
  send_message(channel, fmt::format("{}{}", problem_message, sentence));
}

// A pinned version whose top holds names that versions may have cannot be shown in its
// datastore's folder; who asked for the pin by an option must hear of it.
void report_unmerged_pins(const mount::Filesystem& filesystem, const ServerRequest& request,
                          const FileDescriptor& channel) {
  if (!request.pins_were_named) return;
  for (const mount::VersionName& pin : filesystem.unmerged_pins())
    tell_problem(channel, fmt::format("{1}:{2} has files or folders called like versions, so "
                                      "{0}/{1} shows its versions only: use {0}/{1}/{2}",
                                      request.mount_folder, pin.name, pin.number));
}

void serve(const ServerRequest& request, Scoreboard& board, const FileDescriptor& channel) {
  const std::shared_ptr<dataset::OpenStore> store = request.open_store();
  mount::Filesystem filesystem(
      store, {.pins = request.pins,
              .pin_newest = true,
              .counter_of =
                  [&](const mount::VersionName& version, const Digest& root) {
                    return &board.counter({version.name, version.number}, root);
                  },
              .on_problem = [&](std::string_view text) { tell_problem(channel, text); }});
  // Whoever deletes a version looks for its users first. Since the supervisor is one by now, what
  // was there when it looked must still be.
  for (const UsedVersion& used : request.attachment.versions)
    store->datastores->resolve({used.name, used.version, false});
  report_unmerged_pins(filesystem, request, channel);
  Message message = receive_message(channel);
  if (message.descriptors.empty()) return;  // the run did not come about
  mount::FuseServer server(filesystem, {.on_ready = [&] { send_message(channel, ready_message); }});
  server.adopt(std::move(message.descriptors[0]));
  BackgroundUse background(request, board, channel);
  std::thread([&] { background.watch(filesystem); }).detach();
  server.serve();
  background.end();
  ::_exit(0);  // the thread would not survive what it refers to
}

}  // namespace

ServerProcess::ServerProcess(const ServerRequest& request, Scoreboard& board) {
  Channel channel = make_channel();
  const pid_t process = ::fork();
  if (process == 0) {
    leave_everything_but({channel.theirs.get()}, "grid-serve");
    try {
      run::serve(request, board, channel.theirs);
    } catch (const Error& error) {
      // Before it serves it is a failure to attach. Later it can only mean that the connection
      // broke, which the script hears as an I/O error.
      send_failure(channel.theirs, error);
    }
    ::_exit(0);  // what the supervisor holds is its own to destroy
  }
  if (process < 0) throw system_error(errno, "cannot start a process");
  channel_ = std::move(channel.ours);
}

std::string ServerProcess::receive_answer() {
  for (;;) {
    Message message = receive_message(channel_);
    check_failure(message);
    if (message.text.empty() || message.text[0] != problem_message) return message.text;
    problems_.push_back(message.text.substr(1));
  }
}

void ServerProcess::serve(const FileDescriptor& device) {
  send_message(channel_, "d", {device.get()});
  if (receive_answer() != ready_message)
    fail(ErrorKind::unavailable, "the process that serves the datastores ended before it could");
}

bool ServerProcess::pin(const UsedVersion& version) {
  send_message(channel_, fmt::format("{}{}:{}", pin_message, version.name, version.version));
  return receive_answer() == pinned_message;
}

void ServerProcess::leave() {
  send_message(channel_, leave_message);
  for (;;) {
    const Message message = receive_message(channel_);
    if (message.text.empty() || message.text == holding_message) return;
  }
}

std::optional<std::string> ServerProcess::receive_problem() {
  const Message message = receive_message(channel_);
  if (message.text.empty()) return std::nullopt;
  return message.text.substr(1);
}

}  // namespace grid::run
