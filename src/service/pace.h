// Estimates the speed of long work and the time left, from looking at its counters now and then.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>

namespace grid::service {

// What a create did not have to read or store, and what it did: bytes of files, uncompressed except
// for `stored`.
struct Savings {
  std::uint64_t unread = 0;  // recognised as unchanged, or stored by an earlier attempt
  std::uint64_t fresh = 0;   // not in the store before
  std::uint64_t stored = 0;  // written to the store

  // Bytes that the store had already, whether they were read or not.
  std::uint64_t known(std::uint64_t bytes_done) const {
    return bytes_done > fresh ? bytes_done - fresh : 0;
  }
};

struct ProgressState {
  std::string_view phase;  // "storing"; empty: work of one phase
  std::uint64_t files_done = 0, bytes_done = 0;
  std::uint64_t files_total = 0, bytes_total = 0;  // files_total 0: work without files
  bool total_known = true;                         // false: the totals still grow
  std::optional<Savings> savings;                  // of work that stores
};

// How much of the work is done, 0 to 1. A file weighs as much as reading `file_weight` bytes.
double fraction_done(const ProgressState& state);

struct Pace {
  double bytes_per_second = 0;         // read in the last seconds
  std::optional<double> seconds_left;  // empty if it cannot be estimated
  std::chrono::duration<double> elapsed{};
};

// Measures the speed over the last seconds, and estimates the time left from the work of the last
// dozen or so, so that a start that skips known files does not count for long. Not thread-safe.
class PaceMeter {
 public:
  // `now` is the time since the start of the work; it never decreases.
  Pace look(std::chrono::duration<double> now, const ProgressState& state);

 private:
  struct Look {
    double time = 0, work = 0, bytes_read = 0;
  };
  double rate(const Look& now, double window, double Look::*of) const;

  std::deque<Look> looks_ = {Look{}};  // the oldest first
};

}  // namespace grid::service
