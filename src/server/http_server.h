// HTTP/1.1 over TCP: connections in, requests to a handler, answers out.
//
// A few threads share all connections, so that an idle or slow one costs memory and no thread; a
// handler runs on the thread that read its request. Nothing waits without a limit: see Limits.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "server/message.h"

namespace grid::server {

struct HttpLimits {
  std::uint32_t head_size_max = 16 << 10;             // bytes of a request's line and headers
  std::uint64_t body_size_max = 1 << 20;              // bytes of a request's body
  unsigned connections_max = 4096;                    // in all; more wait to be accepted
  std::chrono::milliseconds head_timeout{15'000};     // from its first byte to its last
  std::chrono::milliseconds idle_timeout{75'000};     // between two requests
  std::chrono::milliseconds body_timeout{30'000};     // for a request's body, and
  std::chrono::milliseconds write_timeout{30'000};    // for each `write_size` bytes of an answer
  std::size_t write_size = 256 << 10;                 // bytes
  std::chrono::milliseconds farewell_timeout{5'000};  // for answers under way at the end
};

struct HttpServerOptions {
  std::string address = "127.0.0.1";  // an IP address
  std::uint16_t port = 0;             // 0: a free one
  unsigned threads = 4;
  HttpLimits limits{};
};

// A listening server. Thread-safe.
class HttpServer {
 public:
  // Listens, and answers nothing yet. `handler` outlives the server. Throws `already_exists` if the
  // port is taken, `permission_denied`, `invalid_argument` if the address is none.
  HttpServer(Handler& handler, HttpServerOptions options);
  ~HttpServer();

  std::string address() const;  // "127.0.0.1:8080", "[::1]:8080"
  std::uint16_t port() const;

  // Answers requests until stop() is called. With `until_signal`, SIGINT and SIGTERM stop it too.
  void run(bool until_signal);
  // Accepts nothing more, lets answers under way end, and then lets run() return.
  void stop();

  unsigned connections() const;  // open now

 private:
  class State;
  const std::unique_ptr<State> state_;
};

}  // namespace grid::server
