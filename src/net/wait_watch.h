// Tells the user what the program waits for when a server has been silent for a while.
#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>

namespace grid::net {

// A request that has not succeeded yet.
struct Wait {
  std::string doing;    // "read s3://bucket/key"
  std::string trouble;  // how its last try failed; empty: no try has failed yet
  unsigned tries = 0;   // failed tries
  std::string so_far;   // how far a long request is; may be empty
  std::chrono::milliseconds waited{0};
};

// Thread-safe.
class WaitWatch {
 public:
  using Clock = std::chrono::steady_clock;

  // look() calls `tell` after `patience` for the first time, and then whenever the wait has become
  // four times as long as at the last call.
  WaitWatch(std::chrono::milliseconds patience, std::function<void(const Wait&)> tell)
      : patience_(patience), tell_(std::move(tell)) {}

  // Call this for bytes that were sent or received. A few of them are no sign of progress.
  void note_bytes(std::size_t size, Clock::time_point now = Clock::now());

  // Calls `tell` for the request that has waited longest, if it is time to. A request that has
  // failed waits since it began; any other waits since it began or the last kilobyte moved.
  void look(Clock::time_point now = Clock::now());

  // One request, from its first try to its end.
  class Request {
   public:
    // `watch` may be null; then this does nothing.
    Request(WaitWatch* watch, std::string doing);
    ~Request();
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;
    void failed(std::string trouble);
    // It consists of many requests, and is this far: it waits since it began.
    void goes_on(std::string so_far);

   private:
    friend class WaitWatch;
    WaitWatch* const watch_;
    const Clock::time_point begun_ = Clock::now();
    Wait wait_;                         // guarded by the watch's mutex_
    std::list<Request*>::iterator at_;  // guarded by the watch's mutex_
  };

 private:
  const std::chrono::milliseconds patience_;
  const std::function<void(const Wait&)> tell_;
  std::mutex mutex_;
  std::list<Request*> requests_;             // guarded by mutex_; the oldest first
  Clock::time_point last_progress_{};        // guarded by mutex_
  std::size_t moved_ = 0;                    // guarded by mutex_; bytes since then
  std::chrono::milliseconds told_after_{0};  // guarded by mutex_; 0: `tell` not called yet
};

}  // namespace grid::net
