#include "run/succession.h"

#include <fmt/format.h>

#include <csignal>

namespace grid::run {

namespace {

// Counted from when a server last served.
constexpr std::chrono::seconds give_up_after{60};

// A server that ends within this time without being killed has crashed, and what made it crash will
// make the next one crash.
constexpr std::chrono::seconds crash_interval{10};
constexpr unsigned crash_count_max = 5;

}  // namespace

void Succession::note_start(Time now) {
  started_ = now;
  serves_ = false;
  failure_.reset();
}

bool Succession::is_time_to_retry(Time now) const { return now - started_ >= retry_interval; }

Succession::Decision Succession::after(const ServerDeath& death, Time now) {
  const bool was_killed = death.end && death.end->signal == SIGKILL;
  const bool crashed = death.end && !was_killed && now - started_ < crash_interval;
  crash_count_ = crashed ? crash_count_ + 1 : 0;
  if (serves_) served_until_ = now;
  // A server ends by itself only when the connection has ended.
  const bool was_left = serves_ && death.end == ExitStatus{};
  if (death.mount == ServerDeath::Mount::is_lost && was_left) return {Step::end, ""};
  if (death.mount == ServerDeath::Mount::is_lost)
    return {Step::end, "the process that serves the datastores was killed: the run ends"};
  if (death.mount == ServerDeath::Mount::is_over) return {Step::end, ""};
  if (!serves_ && failure_) {  // for instance the store cannot be opened: do not retry at once
    if (now - served_until_ < give_up_after) return {Step::wait, ""};
    return {Step::end,
            fmt::format("the process that serves the datastores was killed, and no other "
                        "could take over: {}; the run ends",
                        *failure_)};
  }
  if (crash_count_ > crash_count_max)
    return {Step::end, fmt::format("the process that serves the datastores failed {} times in a "
                                   "row: the run ends",
                                   crash_count_)};
  return {Step::replace, ""};
}

}  // namespace grid::run
