// Decides whether to retry a request, and after how long.
//
// Problem. A busy server answers 503, cuts connections or stays silent. One more try mostly
// succeeds. But many clients that retry at once, and often, keep the server down.
//
// Idea. Delays double from `delay_first` to `delay_max`, each chosen at random below that ("full
// jitter"), so that clients spread out. In addition, all requests of a client share a budget: a
// retry takes one token, a success returns a tenth of one. While the budget is empty, every wait is
// half of `delay_max` or more: a client whose requests mostly fail asks at a bounded rate, and
// still no request is given up early.
#pragma once

#include <chrono>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "net/wait_stop.h"

namespace grid::net {

// How far a failed try came.
enum class Reached { server, no_server, no_name };  // no_name: of a server that never answered

struct RetryPolicy {
  // Including the first. Patience is a time: a number is for those who ask something that need not
  // be there.
  unsigned tries_max = std::numeric_limits<unsigned>::max();
  std::chrono::milliseconds delay_first{100};   // upper bound of the wait before the second try
  std::chrono::milliseconds delay_max{5'000};   // upper bound of a wait, unless the server asks
  std::chrono::milliseconds deadline{120'000};  // after the first try began; no try begins later
  // The same while no server answers at all; unset: as long.
  std::optional<std::chrono::milliseconds> deadline_unreachable{};
  // The same for no_name: it is misspelt more often than its name service is down.
  std::chrono::milliseconds deadline_no_name{10'000};
};

// What is known after a failed try.
struct RetryState {
  unsigned tries = 0;                                    // so far
  std::chrono::milliseconds elapsed{0};                  // since the first began
  std::optional<std::chrono::milliseconds> server_asks;  // Retry-After
  bool budget_is_empty = false;
  Reached reached = Reached::server;  // by the last try
  double chance = 0;                  // from [0, 1): the jitter
};

// How long to wait before the next try; empty to give up.
std::optional<std::chrono::milliseconds> delay_before_retry(const RetryPolicy& policy,
                                                            const RetryState& state);

// The statuses that another try may cure: 408, 425, 429, 500, 502, 503, 504.
bool is_worth_a_retry(int status);

// Thread-safe.
class RetryBudget {
 public:
  // The waits of its retries end with `stop`, which may be null.
  explicit RetryBudget(double size = 100, std::shared_ptr<WaitStop> stop = nullptr)
      : stop_(std::move(stop)), size_(size), left_(size) {}

  void note_success();
  // Takes one token for a retry; false if none is left.
  bool take();
  // Waits; false if it was stopped.
  bool wait_for(std::chrono::milliseconds time);

 private:
  const std::shared_ptr<WaitStop> stop_;
  std::mutex mutex_;
  const double size_;
  double left_;  // guarded by mutex_
};

// The tries of one request. Not thread-safe.
class RetryLoop {
 public:
  RetryLoop(const RetryPolicy& policy, RetryBudget& budget);

  // Call this after a failure that another try may cure: waits and returns true, or returns false
  // to give up.
  bool wait(std::optional<std::chrono::milliseconds> server_asks = std::nullopt,
            Reached reached = Reached::server);
  // After wait() has given up, to be added to the reason: how often and how long it was tried, and
  // how long the server wants to be left alone, if that is too long.
  std::string why_no_more() const;
  // Call this after progress: tries and time count from here.
  void restart();

  unsigned tries() const { return state_.tries; }  // failed so far

 private:
  const RetryPolicy policy_;
  RetryBudget& budget_;
  std::chrono::steady_clock::time_point began_;
  RetryState state_;
};

}  // namespace grid::net
