// A connection to a server of this machine that sends what a test writes, and reads when the test
// says so: for clients that no HTTP library would be.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/file.h"

namespace grid::testing {

class RawClient {
 public:
  // `receive_buffer`: what the kernel takes for it unread, in bytes; 0: what it likes.
  explicit RawClient(std::uint16_t port, int receive_buffer = 0)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0)
      ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_.get(), reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  }

  // False if the server has closed the connection.
  bool send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  // What comes until `end` has come, the server closes the connection, or it is silent for
  // `patience`.
  std::string receive(std::string_view end = "\r\n\r\n",
                      std::chrono::milliseconds patience = std::chrono::seconds(20)) {
    std::string text;
    char piece[4096];
    while (text.find(end) == text.npos) {
      pollfd ready{.fd = socket_.get(), .events = POLLIN, .revents = 0};
      if (::poll(&ready, 1, static_cast<int>(patience.count())) != 1) break;
      const ssize_t got = ::recv(socket_.get(), piece, sizeof piece, 0);
      if (got <= 0) break;
      text.append(piece, static_cast<std::size_t>(got));
    }
    return text;
  }

  // Whether the server closes the connection within `patience`, whatever it sends before.
  bool is_closed(std::chrono::milliseconds patience = std::chrono::seconds(20)) {
    const auto until = std::chrono::steady_clock::now() + patience;
    char piece[65536];
    while (std::chrono::steady_clock::now() < until) {
      pollfd ready{.fd = socket_.get(), .events = POLLIN, .revents = 0};
      if (::poll(&ready, 1, 50) == 1 && ::recv(socket_.get(), piece, sizeof piece, 0) <= 0)
        return true;
    }
    return false;
  }

 private:
  FileDescriptor socket_;
};

}  // namespace grid::testing
