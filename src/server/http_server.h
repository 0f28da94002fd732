// HTTP/1.1 over TCP, and over sockets that others accept: connections in, requests to a handler,
// answers out.
//
// Two threads share all connections, so that an idle or slow one costs memory and no thread. A few
// others run the handlers, which may wait for a disk or another server. Nothing waits without a
// limit: see HttpLimits.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "server/message.h"
#include "server/tls.h"

namespace grid::server {

struct HttpLimits {
  std::uint32_t head_size_max = 16 << 10;  // bytes of a request's line and headers
  unsigned connections_max = 4096;         // in all; more wait to be accepted
  unsigned requests_per_client_max = 512;  // at once, from one address
  // What requests and answers under way hold together, about; each holds as little as it needs.
  std::size_t memory = 64 << 20;                      // bytes
  std::chrono::milliseconds head_timeout{15'000};     // from its first byte to its last
  std::chrono::milliseconds idle_timeout{75'000};     // between two requests
  std::chrono::milliseconds body_timeout{30'000};     // for each piece of a request's body, and
  std::chrono::milliseconds write_timeout{30'000};    // for each piece of an answer
  std::size_t piece_size = 256 << 10;                 // bytes
  std::chrono::milliseconds farewell_timeout{5'000};  // for answers under way at the end
};

struct HttpServerOptions {
  std::string address = "127.0.0.1";    // an IP address; empty: listens nowhere
  std::uint16_t port = 0;               // 0: a free one
  unsigned threads = 2;                 // for the connections
  unsigned workers = 16;                // threads that run the handler
  std::shared_ptr<TlsIdentity> tls{};   // null: without TLS
  std::vector<std::string> proxies{};   // addresses whose word on a request's peer is believed
  std::filesystem::path body_folder{};  // for bodies over `body_memory_max`
  HttpLimits limits{};
};

// A listening server. Thread-safe.
class HttpServer {
 public:
  // Listens, and answers nothing yet. `handler` outlives the server. Throws `already_exists` if the
  // port is taken, `permission_denied`, `invalid_argument` if the address is none.
  HttpServer(Handler& handler, HttpServerOptions options);
  ~HttpServer();

  // Of a server that listens.
  std::string address() const;  // "127.0.0.1:8080", "[::1]:8080"
  std::uint16_t port() const;

  // Answers what comes over a connected Unix socket, whose other end is known to be this user.
  void take(FileDescriptor socket);

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
