// An HTTP/1.1 server on 127.0.0.1 that answers as the test says, byte by byte if need be: also with
// broken connections and answers that never come.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace grid::testing {

class LoopbackServer {
 public:
  struct Request {
    std::string method;
    std::string target;                          // path and query, as received
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;

    std::string header(const std::string& name) const {
      auto at = headers.find(name);
      return at == headers.end() ? "" : at->second;
    }
  };

  // What a handler can do with a connection. If it does not close it, the next request is read from
  // it.
  class Connection {
   public:
    void send(std::string_view bytes) {
      while (!bytes.empty()) {
        const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return close();
        bytes.remove_prefix(static_cast<std::size_t>(sent));
      }
    }
    void answer(int status, std::string_view body = "",
                const std::vector<std::string>& headers = {}) {
      std::string head = "HTTP/1.1 " + std::to_string(status) + " X\r\n";
      for (const std::string& header : headers) head += header + "\r\n";
      send(head + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           std::string(body));
    }
    void close() { closed_ = true; }
    bool closed() const { return closed_; }  // also by the client, once send() has noticed
    // Sends nothing until the client goes away or the server ends.
    void stall() {
      server_.wait_for_end(fd_);
      close();
    }

   private:
    friend class LoopbackServer;
    Connection(LoopbackServer& server, int fd) : server_(server), fd_(fd) {}
    LoopbackServer& server_;
    const int fd_;
    bool closed_ = false;
  };

  using Handler = std::function<void(const Request&, Connection&)>;

  explicit LoopbackServer(Handler handler) : handler_(std::move(handler)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(listener_, 128) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      std::abort();
    port_ = ntohs(address.sin_port);
    accepting_ = std::thread([this] { accept_connections(); });
  }

  ~LoopbackServer() {
    ending_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    accepting_.join();
    {
      std::lock_guard lock(mutex_);
      for (int fd : open_) ::shutdown(fd, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
    ::close(listener_);
  }

  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  std::string origin() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::string url(const std::string& target) const { return origin() + target; }
  int connections() const { return connections_; }

 private:
  void accept_connections() {
    for (;;) {
      const int fd = ::accept(listener_, nullptr, nullptr);
      if (fd < 0) return;
      ++connections_;
      std::lock_guard lock(mutex_);
      open_.push_back(fd);
      threads_.emplace_back([this, fd] { serve(fd); });
    }
  }

  void serve(int fd) {
    std::string unread;
    Connection connection(*this, fd);
    Request request;
    while (!connection.closed_ && receive(fd, unread, request)) handler_(request, connection);
    std::lock_guard lock(mutex_);
    std::erase(open_, fd);
    ::close(fd);
  }

  static bool receive_more(int fd, std::string& unread) {
    char piece[65536];
    const ssize_t got = ::recv(fd, piece, sizeof piece, 0);
    if (got > 0) unread.append(piece, static_cast<std::size_t>(got));
    return got > 0;
  }

  static bool receive(int fd, std::string& unread, Request& request) {
    std::size_t head_end;
    while ((head_end = unread.find("\r\n\r\n")) == unread.npos)
      if (unread.starts_with('\x16') || !receive_more(fd, unread)) return false;  // TLS
    request = {};
    std::string head = unread.substr(0, head_end + 2);
    unread.erase(0, head_end + 4);
    const std::size_t space = head.find(' ');
    request.method = head.substr(0, space);
    request.target = head.substr(space + 1, head.find(' ', space + 1) - space - 1);
    for (std::size_t line = head.find("\r\n") + 2; line < head.size();) {
      const std::size_t end = head.find("\r\n", line), colon = head.find(':', line);
      std::string name = head.substr(line, colon - line);
      for (char& c : name) c = static_cast<char>(std::tolower(c));
      const std::size_t value = std::min(head.find_first_not_of(' ', colon + 1), end);
      request.headers[name] = head.substr(value, end - value);
      line = end + 2;
    }
    if (request.header("expect") == "100-continue") {
      static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
      ::send(fd, go_on.data(), go_on.size(), MSG_NOSIGNAL);
    }
    const std::size_t size = std::strtoul(request.header("content-length").c_str(), nullptr, 10);
    while (unread.size() < size)
      if (!receive_more(fd, unread)) return false;
    request.body = unread.substr(0, size);
    unread.erase(0, size);
    return true;
  }

  void wait_for_end(int fd) const {
    char byte;
    while (!ending_ && ::recv(fd, &byte, 1, 0) > 0) {
    }
  }

  const Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> ending_ = false;
  std::atomic<int> connections_ = 0;
  std::thread accepting_;
  std::mutex mutex_;
  std::vector<int> open_;             // guarded by mutex_
  std::vector<std::thread> threads_;  // guarded by mutex_ until accepting_ has ended
};

}  // namespace grid::testing
