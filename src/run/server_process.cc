#include "run/server_process.h"

#include <csignal>

#include "base/error.h"
#include "mount/fuse_device.h"
#include "mount/slots.h"
#include "run/await.h"
#include "run/messages.h"
#include "run/process_setup.h"

namespace grid::run {

namespace {

constexpr std::chrono::milliseconds keep_interval{1000};

}  // namespace

ServerProcess::ServerProcess(Processes& processes, const ServerRequest& request, Scoreboard& board)
    : processes_(processes), request_(request), board_(board), slot_file_(mount::make_slot_file()) {
  start();
}

ServerProcess::~ServerProcess() {
  if (!has_served_ && process_.channel) processes_.send(process_.process, SIGKILL);
}

void ServerProcess::start() {
  succession_.note_start(processes_.now());
  process_ = processes_.start({.name = "grid-serve"}, [&](const FileDescriptor& supervisor) {
    leave_everything_but({supervisor.get(), slot_file_.get(), device_.get()});
    serve_datastores(request_, board_, supervisor,
                     {.slot_file = slot_file_.get(),
                      .device = handshake_.empty() ? -1 : device_.get(),
                      .handshake = handshake_});
  });
}

std::string ServerProcess::receive_answer() {
  for (;;) {
    Message message = await_message(processes_, process_.channel);
    check_failure(message);
    if (message.text.empty() || message.text[0] != problem_message) return message.text;
    problems_.push_back(message.text.substr(1));
  }
}

void ServerProcess::serve(FileDescriptor device) {
  send_message(process_.channel, device_message, {device.get()});
  const std::string answer = receive_answer();
  if (!answer.starts_with(ready_message))
    fail(ErrorKind::unavailable,
         "the process that serves the datastores ended before it was ready");
  has_served_ = true;
  succession_.note_ready();
  const BytesView handshake = as_bytes(answer).subspan(ready_message.size());
  // If no other server could take over, this one must be the only holder of the device: if it is
  // killed, reads then fail instead of hanging.
  if (!mount::can_resend(handshake)) return;
  handshake_.assign(handshake.begin(), handshake.end());
  device_ = std::move(device);
}

ServerNews ServerProcess::take_news() {
  if (!process_.channel)
    return succession_.is_time_to_retry(processes_.now()) ? replace() : ServerNews{};
  Message message = receive_message(process_.channel);
  if (message.text.empty()) return hear_of_death();
  switch (message.text[0]) {
    case problem_message:
      return {ServerNews::Kind::problem, message.text.substr(1)};
    case failure_message:
      succession_.note_failure(message.text.substr(2));
      return {};
    default:
      if (message.text.starts_with(ready_message)) succession_.note_ready();
      return {};
  }
}

ServerDeath::Mount ServerProcess::mount_without_server() const {
  if (!device_) return ServerDeath::Mount::is_lost;
  return mount::is_connected(device_.get()) ? ServerDeath::Mount::goes_on
                                            : ServerDeath::Mount::is_over;
}

ServerNews ServerProcess::hear_of_death() {
  process_.channel.reset();
  const std::optional<ExitStatus> end = processes_.wait_for_end(process_.process);
  return follow({.end = end, .mount = mount_without_server()});
}

ServerNews ServerProcess::follow(const ServerDeath& death) {
  const Succession::Decision decision = succession_.after(death, processes_.now());
  switch (decision.step) {
    case Succession::Step::wait:
      return {};
    case Succession::Step::end:
      return {ServerNews::Kind::ended, decision.sentence};
    case Succession::Step::replace:
      break;
  }
  return replace();
}

ServerNews ServerProcess::replace() {
  try {
    start();
  } catch (const Error& error) {
    // No process can be made now. Readers wait meanwhile, and it is tried again.
    process_ = {};
    succession_.note_failure(error.what());
    return follow({.end = std::nullopt, .mount = mount_without_server()});
  }
  ++replaced_count_;
  return {ServerNews::Kind::replaced, ""};
}

bool ServerProcess::pin(const UsedVersion& version) {
  for (;;) {
    send_message(process_.channel,
                 fmt::format("{}{}:{}", pin_message, version.name, version.version));
    std::string answer;
    do {
      answer = receive_answer();
    } while (answer.starts_with(ready_message));
    if (!answer.empty()) return answer == pinned_message;
    const ServerNews news = process_.channel ? hear_of_death() : replace();
    if (news.kind != ServerNews::Kind::replaced)
      fail(ErrorKind::unavailable, "the process that serves the datastores was killed");
  }
}

void ServerProcess::leave() {
  const Processes::Time until = processes_.now() + end_of_connection;
  while (processes_.now() < until) {
    pollfd news{.fd = channel(), .events = POLLIN, .revents = 0};
    if (processes_.poll({&news, 1}, end_of_connection) &&
        take_news().kind == ServerNews::Kind::ended)
      return;
  }
  hand_over();
}

void ServerProcess::hand_over() {
  try {
    const ChildProcess keeper =
        processes_.start({.name = "grid-keep"}, [&](FileDescriptor supervisor) {
          leave_everything_but({supervisor.get(), channel(), slot_file_.get(), device_.get()});
          look_after(std::move(supervisor));
        });
    receive_message(keeper.channel);  // returns when the keeper closes it or dies
  } catch (const Error&) {
    // No process can be made: the server goes on without a keeper, and marks its versions itself.
  }
}

void ServerProcess::look_after(FileDescriptor supervisor) noexcept {
  std::optional<LiveAttachment> live;
  for (;;) {
    try {
      if (!live) live.emplace(request_.attachment_folder, request_.attachment);
      live->use(versions_in_use(request_.attachment, board_));
    } catch (const std::exception&) {
      // The disk is full, say. It is tried again, and the server must be looked after either way.
    }
    supervisor.reset();
    pollfd news{.fd = channel(), .events = POLLIN, .revents = 0};
    const bool is_ready =
        processes_.poll({&news, 1}, process_.channel ? keep_interval : Succession::retry_interval);
    if ((is_ready || !process_.channel) && take_news().kind == ServerNews::Kind::ended) break;
  }
}

}  // namespace grid::run
