#include "server/local_server.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>

#include "base/start_thread.h"
#include "server/frames/frame_answers.h"

namespace grid::server {

namespace {

using frames::FrameAnswers;

// False if the client has gone.
bool receive(int socket, MutableBytesView out) {
  while (!out.empty()) {
    const ssize_t got = ::recv(socket, out.data(), out.size(), MSG_WAITALL);
    if (got <= 0) return false;
    out = out.subspan(static_cast<std::size_t>(got));
  }
  return true;
}

bool send(int socket, BytesView head, BytesView content) {
  while (!head.empty() || !content.empty()) {
    std::array<iovec, 2> parts{iovec{const_cast<std::byte*>(head.data()), head.size()},
                               iovec{const_cast<std::byte*>(content.data()), content.size()}};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    const ssize_t sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    const auto from_head = std::min(static_cast<std::size_t>(sent), head.size());
    head = head.subspan(from_head);
    content = content.subspan(static_cast<std::size_t>(sent) - from_head);
  }
  return true;
}

struct ClientHasGone {};

// Until the client ends, or sends what is no request.
void serve_frames(const Api& api, int socket) {
  std::array<std::byte, frames::greeting.size()> greeting;
  if (!receive(socket, greeting) || as_text(greeting) != frames::greeting) return;
  if (!send(socket, as_bytes(frames::greeting), {})) return;
  const FrameAnswers answers(api);
  const auto give = [socket](frames::Code code, BytesView content) {
    std::array<std::byte, 5> head;
    const auto size = static_cast<std::uint32_t>(content.size());
    std::memcpy(head.data(), &size, sizeof size);
    head[4] = static_cast<std::byte>(code);
    if (!send(socket, head, content)) throw ClientHasGone();
  };
  Bytes request;
  for (std::array<std::byte, 4> size; receive(socket, size);) {
    request.resize(load<std::uint32_t>(size.data()));
    if (request.size() > frames::request_size_max || !receive(socket, request)) return;
    answers.answer(request, give);
    if (request.capacity() > 1 << 20) request = Bytes();
  }
}

}  // namespace

LocalServer::LocalServer(const Api& api, HttpServer& http, std::filesystem::path path)
    : api_(api), http_(http), listener_(std::move(path)) {
  acceptor_ = start_thread([this] { accept(); });
}

LocalServer::~LocalServer() {
  listener_.stop();
  acceptor_.join();
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    for (Connection& connection : connections_) ::shutdown(connection.socket.get(), SHUT_RDWR);
  }
  for (Connection& connection : connections_) connection.thread.join();
}

void LocalServer::accept() {
  for (;;) {
    FileDescriptor socket = listener_.accept();
    if (!socket) return;
    std::list<Connection> ended;
    std::unique_lock lock(mutex_);
    for (auto at = connections_.begin(); at != connections_.end();) {
      const auto next = std::next(at);
      if (at->has_ended) ended.splice(ended.end(), connections_, at);
      at = next;
    }
    if (connections_.size() < connections_max) {
      Connection& added = connections_.emplace_back();
      added.socket = std::move(socket);
      try {
        added.thread = start_thread([this, &added] { serve(added); });
      } catch (const Error&) {  // the client has to come again
        connections_.pop_back();
      }
    }
    lock.unlock();
    for (Connection& connection : ended) connection.thread.join();
  }
}

// What is no HTTP begins with a zero byte.
void LocalServer::serve(Connection& connection) {
  const int socket = connection.socket.get();
  std::byte first{};
  FileDescriptor for_http;
  try {
    if (::recv(socket, &first, 1, MSG_PEEK) == 1) {
      if (first == std::byte{0})
        serve_frames(api_, socket);
      else
        for_http = FileDescriptor(::fcntl(socket, F_DUPFD_CLOEXEC, 0));
    }
  } catch (const ClientHasGone&) {
  } catch (const std::exception&) {  // no request, or memory is short: the connection ends
  }
  std::lock_guard lock(mutex_);
  if (for_http && !stopping_) http_.take(std::move(for_http));
  connection.socket.reset();
  connection.has_ended = true;
}

}  // namespace grid::server
