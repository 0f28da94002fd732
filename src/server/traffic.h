// What the server has answered: counts for Prometheus, and a line for each answer.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>

#include "server/message.h"

namespace grid::server {

// An answer, when it has ended.
struct AnsweredRequest {
  std::string time;  // at which the request had come; RFC 3339, UTC
  std::string method, path;
  std::string_view route;  // its pattern; empty: none matched
  std::string peer;        // the client's address
  std::string token;       // its id; empty: of somebody unknown, or by the link
  int status = 0;
  std::uint64_t received = 0, sent = 0;  // bytes of the bodies
  bool whole = true;                     // false: the body ended early
  std::chrono::nanoseconds elapsed{};
};

// Takes the lines of the access log: JSON objects. Called from any thread.
using AccessLog = std::function<void(std::string_view line)>;

// Thread-safe.
class Traffic {
 public:
  explicit Traffic(AccessLog log) : log_(std::move(log)) {}

  // Counts an answer that is about to be sent, and once its body has ended, logs it.
  void note(AnsweredRequest request, Response& response);

  std::string metrics() const;  // in the text format of Prometheus

 private:
  class CountedSource;
  struct Latencies {
    static constexpr std::array<double, 12> bounds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                      0.1,   0.25,   0.5,   1,    2.5,   10};
    std::array<std::uint64_t, bounds.size()> below{};  // so many took up to the bound
    std::uint64_t count = 0;
    double seconds = 0;
  };
  void log(const AnsweredRequest& request) const;

  const AccessLog log_;  // may be empty
  std::atomic<std::uint64_t> sent_ = 0, received_ = 0, streams_ = 0;
  mutable std::mutex mutex_;
  // Of method, route and status.
  std::map<std::tuple<std::string, std::string_view, int>, std::uint64_t>
      requests_;                                     // guarded by mutex_
  std::map<std::string_view, Latencies> latencies_;  // of routes; guarded by mutex_
};

}  // namespace grid::server
