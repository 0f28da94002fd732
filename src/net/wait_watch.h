// Tells a person what is being waited for, when a server has been silent for a while.
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
  std::string trouble;  // how its last try failed; empty: none has yet
  unsigned tries = 0;   // that have failed
  std::chrono::milliseconds waited{0};
};

// Thread-safe.
class WaitWatch {
 public:
  using Clock = std::chrono::steady_clock;

  // `tell` is called by look(), the first time after `patience`, and each time after four times
  // as long as before.
  WaitWatch(std::chrono::milliseconds patience, std::function<void(const Wait&)> tell)
      : patience_(patience), tell_(std::move(tell)) {}

  // A byte came or went.
  void note_byte(Clock::time_point now = Clock::now());

  // Tells of the request that has waited longest, if it is time to: it has failed at least once,
  // or nothing came or went since.
  void look(Clock::time_point now = Clock::now());

  // One request, from its first try to its end.
  class Request {
   public:
    // `watch` may be null: nobody looks.
    Request(WaitWatch* watch, std::string doing);
    ~Request();
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;
    void failed(std::string trouble);

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
  Clock::time_point last_byte_{};            // guarded by mutex_
  std::chrono::milliseconds told_after_{0};  // guarded by mutex_; 0: not since all was well
};

}  // namespace grid::net
