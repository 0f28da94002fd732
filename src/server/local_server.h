// Answers this user's processes at a Unix socket: those that speak frames (docs/frames.md) by
// itself, with a thread for each connection, and those that speak HTTP through the HTTP server.
#pragma once

#include <list>
#include <mutex>
#include <thread>

#include "server/api.h"
#include "server/http_server.h"
#include "server/local_listener.h"

namespace grid::server {

class LocalServer {
 public:
  // Answers at once. `api` and `http` outlive it.
  LocalServer(const Api& api, HttpServer& http, std::filesystem::path path);
  ~LocalServer();  // cuts what is under way

 private:
  static constexpr std::size_t connections_max = 512;
  struct Connection {
    FileDescriptor socket;
    std::thread thread;
    bool has_ended = false;
  };

  void accept();
  void serve(Connection& connection);

  const Api& api_;
  HttpServer& http_;
  LocalListener listener_;
  std::mutex mutex_;
  std::list<Connection> connections_;  // guarded by mutex_
  bool stopping_ = false;              // guarded by mutex_
  std::thread acceptor_;
};

}  // namespace grid::server
