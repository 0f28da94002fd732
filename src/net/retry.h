// When a request is worth another try, and after how long.
//
// Problem. A server that is busy answers 503, cuts lines or says nothing. One more try mostly
// cures it. But many clients that try again at once, and often, are what keeps it down.
//
// Idea. Delays double from `delay_first` to `delay_max`, each chosen at random below that ("full
// jitter"), so that clients spread. On top of that all requests of a client share a budget: a try
// again takes one from it, a success gives a part back. While it is empty, every wait is
// `delay_max`: a client whose requests mostly fail asks at a bounded rate, and nobody is given up
// before the deadline.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>

namespace grid::net {

struct RetryPolicy {
  unsigned tries_max = 12;                      // the first one counts
  std::chrono::milliseconds delay_first{100};   // the longest wait before the second try
  std::chrono::milliseconds delay_max{5'000};   // the longest wait before any try
  std::chrono::milliseconds deadline{120'000};  // from the first try on; none begins later
};

// What is known when a try has failed.
struct RetryState {
  unsigned tries = 0;                                    // made so far
  std::chrono::milliseconds elapsed{0};                  // since the first began
  std::optional<std::chrono::milliseconds> server_asks;  // Retry-After
  bool budget_is_empty = false;
  double chance = 0;  // from [0, 1): the jitter
};

// How long to wait before the next try; empty if there should be none.
std::optional<std::chrono::milliseconds> delay_before_retry(const RetryPolicy& policy,
                                                            const RetryState& state);

// The statuses that another try may cure: 408, 425, 429, 500, 502, 503, 504.
bool is_worth_a_retry(int status);

// Thread-safe.
class RetryBudget {
 public:
  explicit RetryBudget(double size = 100) : size_(size), left_(size) {}

  void note_success();
  // Takes one try; false if there was none left.
  bool take();

 private:
  std::mutex mutex_;
  const double size_;
  double left_;  // guarded by mutex_
};

// The tries of one request. Not thread-safe.
class RetryLoop {
 public:
  RetryLoop(const RetryPolicy& policy, RetryBudget& budget);

  // A try has failed in a way that another may cure: waits, and returns true if there should be
  // one.
  bool wait(std::optional<std::chrono::milliseconds> server_asks = std::nullopt);
  // There was some success: tries and time count from here.
  void restart();

  unsigned tries() const { return state_.tries; }  // that have failed

 private:
  const RetryPolicy policy_;
  RetryBudget& budget_;
  std::chrono::steady_clock::time_point began_;
  RetryState state_;
};

}  // namespace grid::net
