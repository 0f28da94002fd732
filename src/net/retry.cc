#include "net/retry.h"

#include <algorithm>
#include <random>
#include <thread>

#include "base/error.h"

namespace grid::net {

using std::chrono::milliseconds;

std::optional<milliseconds> delay_before_retry(const RetryPolicy& policy, const RetryState& state) {
  if (state.tries >= policy.tries_max) return std::nullopt;
  const unsigned doublings = std::min(state.tries > 0 ? state.tries - 1 : 0, 20u);
  const milliseconds longest =
      state.budget_is_empty ? policy.delay_max
                            : std::min(policy.delay_first * (1u << doublings), policy.delay_max);
  // Without budget every wait is long, but still spread.
  const double part = state.budget_is_empty ? 0.5 + state.chance / 2 : state.chance;
  milliseconds delay(static_cast<milliseconds::rep>(static_cast<double>(longest.count()) * part));
  if (state.server_asks) delay = std::max(delay, *state.server_asks);
  milliseconds deadline = policy.deadline;
  if (state.reached != Reached::server)
    deadline = std::min(deadline, policy.deadline_unreachable.value_or(deadline));
  if (state.reached == Reached::no_name) deadline = std::min(deadline, policy.deadline_no_name);
  if (state.elapsed + delay > deadline) return std::nullopt;
  return delay;
}

bool is_worth_a_retry(int status) {
  return status == 408 || status == 425 || status == 429 || status == 500 || status == 502 ||
         status == 503 || status == 504;
}

// One failure for every ten successes never empties the budget.
static constexpr double given_back = 0.1;

void RetryBudget::note_success() {
  std::lock_guard lock(mutex_);
  left_ = std::min(size_, left_ + given_back);
}

bool RetryBudget::take() {
  std::lock_guard lock(mutex_);
  if (left_ < 1) return false;
  left_ -= 1;
  return true;
}

bool RetryBudget::wait_for(milliseconds time) {
  if (stop_) return stop_->wait_for(time);
  std::this_thread::sleep_for(time);
  return true;
}

RetryLoop::RetryLoop(const RetryPolicy& policy, RetryBudget& budget)
    : policy_(policy), budget_(budget), began_(std::chrono::steady_clock::now()) {}

static double random_chance() {
  thread_local std::minstd_rand random{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(random);
}

bool RetryLoop::wait(std::optional<milliseconds> server_asks, Reached reached) {
  ++state_.tries;
  state_.elapsed =
      std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began_);
  state_.server_asks = server_asks;
  state_.reached = reached;
  state_.budget_is_empty = !budget_.take();
  state_.chance = random_chance();
  const std::optional<milliseconds> delay = delay_before_retry(policy_, state_);
  if (!delay) return false;
  return budget_.wait_for(*delay);
}

static std::string seconds_of(milliseconds time) {
  if (time.count() < 10'000)
    return fmt::format("{:.1f} s", static_cast<double>(time.count()) / 1e3);
  return fmt::format("{} s", time.count() / 1000);
}

std::string RetryLoop::why_no_more() const {
  std::string why;
  if (state_.server_asks && state_.elapsed + *state_.server_asks > policy_.deadline)
    why = fmt::format(
        "; it asks to be left alone for {}, and the patience is {}: set GRID_PATIENCE=SECONDS to "
        "wait longer",
        seconds_of(*state_.server_asks), seconds_of(policy_.deadline));
  if (state_.tries > 1)
    why += fmt::format("; tried {} times in {}", state_.tries, seconds_of(state_.elapsed));
  return why;
}

void RetryLoop::restart() {
  began_ = std::chrono::steady_clock::now();
  state_ = {};
}

}  // namespace grid::net
