// Supervisor and server talk over a pair of sockets:
//
//   supervisor → server   "d" and the /dev/fuse descriptor, to the first server; "vNAME:VERSION":
//                         pin this one
//   server → supervisor   "r": it serves, with the kernel's handshake behind it; "y", "n": pinned
//                         or not; "p…": a problem; a failure: it could not serve
//
// The supervisor keeps the device open and the server's death does not end the connection. So the
// next server, forked from the same supervisor, goes on with it: it has the device, what node
// numbers mean (the slot file) and the handshake, and has the kernel send again what the dead one
// had taken. The end of the stream of messages is when to do that: all threads of the dead one have
// closed their descriptors by then, and read no more.
//
// The server serves on after the supervisor's end, since the script may have left processes behind
// that read; the kernel ends the connection with the last. A copy of the supervisor, `grid-keep`,
// then looks after the server and holds the versions in use. Where both were killed, the server
// itself holds them.
#include "run/server_process.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mutex>
#include <thread>

#include "mount/filesystem.h"
#include "mount/fuse_server.h"
#include "mount/slots.h"
#include "run/process_setup.h"

namespace grid::run {

namespace {

constexpr std::string_view ready_message = "r";
constexpr std::string_view pinned_message = "y", not_pinned_message = "n";
constexpr char problem_message = 'p', pin_message = 'v';

// Between servers that fail to begin, for instance since the store does not answer.
constexpr std::chrono::milliseconds retry_interval{500};
constexpr std::chrono::seconds give_up_after{60};

// What makes one server fail, other than being killed, will make the next one fail.
constexpr std::chrono::seconds crash_interval{10};
constexpr unsigned crash_count_max = 5;

// How long the kernel may take to end the connection after the last process inside has ended: it
// takes some milliseconds. Whoever is inside after that was left behind by the script.
constexpr std::chrono::milliseconds end_of_connection{100};

std::vector<UsedVersion> versions_in_use(const ServerRequest& request, const Scoreboard& board) {
  std::vector<UsedVersion> used = request.attachment.versions;
  for (const ReadVersion& read : board.versions()) used.push_back(read.version);
  return used;
}

// Holds versions in use when whoever did was killed. Thread-safe.
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
    std::lock_guard lock(mutex_);
    if (is_over_) return;
    if (!live_) live_.emplace(request_.attachment_folder, request_.attachment);
    live_->use(versions_in_use(request_, board_));
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

// Waits for the device and shakes hands. Ends the process if the run does not come about.
void begin(const ServerRequest& request, const dataset::OpenStore& store,
           const mount::Filesystem& filesystem, mount::FuseServer& server,
           const FileDescriptor& channel) {
  // Whoever deletes a version looks for its users first. Since the supervisor is one by now, what
  // was there when it looked must still be.
  for (const UsedVersion& used : request.attachment.versions)
    store.datastores->resolve({used.name, used.version, false});
  report_unmerged_pins(filesystem, request, channel);
  Message message = receive_message(channel);
  if (message.descriptors.empty()) ::_exit(0);
  const Bytes handshake = server.adopt(std::move(message.descriptors[0]));
  send_message(channel, std::string(ready_message) + std::string(as_text(handshake)));
}

// In the background; never returns before it is done or the process ends.
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
  } catch (const Error&) {
    // Whoever reads hears of what is wrong with the store.
  }
}

// What a server that died leaves to the next.
struct Heritage {
  int slot_file = -1;
  int device = -1;  // -1: there was none before; it comes in a message
  BytesView handshake;
};

void serve(const ServerRequest& request, Scoreboard& board, const FileDescriptor& channel,
           const Heritage& heritage) {
  const bool is_first = heritage.device < 0;
  const std::shared_ptr<dataset::OpenStore> store = request.open_store(&board.read_costs());
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
  ::_exit(0);  // the threads would not survive what it refers to
}

}  // namespace

ServerProcess::ServerProcess(const ServerRequest& request, Scoreboard& board)
    : request_(request), board_(board), slot_file_(mount::make_slot_file()) {
  start();
}

void ServerProcess::start() {
  Channel channel = make_channel();
  started_ = Clock::now();
  serves_ = false;
  process_ = ::fork();
  if (process_ < 0) throw system_error(errno, "cannot start a process");
  if (process_ == 0) {
    leave_everything_but({channel.theirs.get(), slot_file_.get(), device_.get()}, "grid-serve");
    try {
      run::serve(request_, board_, channel.theirs,
                 {.slot_file = slot_file_.get(),
                  .device = handshake_.empty() ? -1 : device_.get(),
                  .handshake = handshake_});
    } catch (const Error& error) {
      // Before it serves it is a failure to attach. Later it can only mean that the connection
      // broke, which the script hears as an I/O error.
      send_failure(channel.theirs, error);
    }
    ::_exit(0);  // what the supervisor holds is its own to destroy
  }
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

void ServerProcess::serve(FileDescriptor device) {
  send_message(channel_, "d", {device.get()});
  const std::string answer = receive_answer();
  if (!answer.starts_with(ready_message))
    fail(ErrorKind::unavailable, "the process that serves the datastores ended before it could");
  serves_ = true;
  const BytesView handshake = as_bytes(answer).subspan(ready_message.size());
  // Where nobody can go on, the server is to be the only one that has the device: if it is killed,
  // reads end in an error, and do not hang.
  if (!mount::can_resend(handshake)) return;
  handshake_.assign(handshake.begin(), handshake.end());
  device_ = std::move(device);
}

ServerNews ServerProcess::take_news() {
  if (!channel_) return Clock::now() - started_ < retry_interval ? ServerNews{} : replace();
  Message message = receive_message(channel_);
  if (message.text.empty()) return replace();
  switch (message.text[0]) {
    case problem_message:
      return {ServerNews::Kind::problem, message.text.substr(1)};
    case failure_message:
      failure_ = message.text.substr(2);
      return {};
    default:
      serves_ = serves_ || message.text.starts_with(ready_message);
      return {};
  }
}

ServerNews ServerProcess::replace() {
  using Kind = ServerNews::Kind;
  if (channel_) {  // the news is that it died
    channel_.reset();
    int status = 0;
    // Another's child, after leave(): nobody can tell us how it ended.
    const bool known = ::waitpid(process_, &status, 0) == process_;
    const bool was_killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    const bool crashed = known && !was_killed && Clock::now() - started_ < crash_interval;
    crash_count_ = crashed ? crash_count_ + 1 : 0;
    if (serves_) served_until_ = Clock::now();
    if (!device_)
      return {Kind::ended, "the process that serves the datastores was killed: the run ends"};
    if (is_over()) return {Kind::ended, ""};
    if (!serves_ && failure_) {  // it could not open the store, say: not at once again
      if (Clock::now() - served_until_ < give_up_after) return {};
      return {Kind::ended, fmt::format("the process that serves the datastores was killed, and no "
                                       "other could go on: {}; the run ends",
                                       *failure_)};
    }
    if (crash_count_ > crash_count_max)
      return {Kind::ended, fmt::format("the process that serves the datastores failed {} times in "
                                       "a row: the run ends",
                                       crash_count_)};
  }
  failure_.reset();
  start();
  ++replaced_count_;
  return {Kind::replaced, ""};
}

bool ServerProcess::pin(const UsedVersion& version) {
  for (;;) {
    send_message(channel_, fmt::format("{}{}:{}", pin_message, version.name, version.version));
    std::string answer;
    do {
      answer = receive_answer();
    } while (answer.starts_with(ready_message));
    if (!answer.empty()) return answer == pinned_message;
    if (replace().kind != ServerNews::Kind::replaced)
      fail(ErrorKind::unavailable, "the process that serves the datastores was killed");
  }
}

void ServerProcess::leave() {
  const Clock::time_point until = Clock::now() + end_of_connection;
  while (Clock::now() < until) {
    pollfd news{.fd = channel_.get(), .events = POLLIN, .revents = 0};
    ::poll(&news, 1, static_cast<int>(end_of_connection.count()));
    if (news.revents != 0 && take_news().kind == ServerNews::Kind::ended) return;
  }
  hand_over();
}

void ServerProcess::hand_over() {
  Channel channel = make_channel();
  const pid_t keeper = ::fork();
  if (keeper < 0) throw system_error(errno, "cannot start a process");
  if (keeper == 0) {
    leave_everything_but({channel.theirs.get(), channel_.get(), slot_file_.get(), device_.get()},
                         "grid-keep");
    keep_up(std::move(channel.theirs));
  }
  channel.theirs.reset();
  receive_message(channel.ours);  // or it is gone
}

void ServerProcess::keep_up(FileDescriptor waiting) noexcept {
  try {
    LiveAttachment live(request_.attachment_folder, request_.attachment);
    for (;;) {
      live.use(versions_in_use(request_, board_));
      waiting.reset();
      pollfd news{.fd = channel_.get(), .events = POLLIN, .revents = 0};
      ::poll(&news, 1, channel_ ? 1000 : static_cast<int>(retry_interval.count()));
      if ((news.revents != 0 || !channel_) && take_news().kind == ServerNews::Kind::ended) break;
    }
  } catch (const Error&) {
    // A full disk, or no room for another process: the server goes on alone.
  }
  ::_exit(0);
}

}  // namespace grid::run
