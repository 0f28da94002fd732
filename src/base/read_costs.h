// What reading costs: how much was wanted, how much had to be read for it, and where the time went.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace grid {

// Since a reader began. Times are sums over threads.
struct ReadCosts {
  std::uint64_t request_count = 0;    // that the kernel put
  std::uint64_t request_ns = 0;       // from taking one to its answer; contains the others
  std::uint64_t store_ns = 0;         // waiting for the store, the node's cache in front of it
  std::uint64_t store_bytes = 0;      // read from there, as stored
  std::uint64_t unpack_ns = 0;        // decompressing
  std::uint64_t check_ns = 0;         // comparing digests
  std::uint64_t cache_hit_bytes = 0;  // of what was wanted of a remote store: in the node's cache
  std::uint64_t cache_missed_bytes = 0;  // and not there
  std::uint64_t remote_bytes = 0;        // that came from a remote store, also ahead of readers

  bool operator==(const ReadCosts&) const = default;
};

// The same while they are counted, by many threads; zeros are what a new one is, and processes may
// share it.
struct ReadCostCounters {
  using Counter = std::atomic<std::uint64_t>;
  Counter request_count, request_ns, store_ns, store_bytes, unpack_ns, check_ns, cache_hit_bytes,
      cache_missed_bytes, remote_bytes;

  ReadCosts read() const {
    return {request_count, request_ns,      store_ns,           store_bytes, unpack_ns,
            check_ns,      cache_hit_bytes, cache_missed_bytes, remote_bytes};
  }
};

using ReadCostCounter = ReadCostCounters::Counter ReadCostCounters::*;

// Nobody counts where `counters` is null.
inline void count_cost(ReadCostCounters* counters, ReadCostCounter which, std::uint64_t cost) {
  if (counters) (counters->*which).fetch_add(cost, std::memory_order_relaxed);
}

// Counts the nanoseconds of its life.
class CostTimer {
 public:
  CostTimer(ReadCostCounters* counters, ReadCostCounter which)
      : counters_(counters), which_(which) {
    if (counters_) begin_ = Clock::now();
  }
  ~CostTimer() {
    if (!counters_) return;
    const auto took = std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - begin_);
    count_cost(counters_, which_, static_cast<std::uint64_t>(took.count()));
  }
  CostTimer(const CostTimer&) = delete;
  CostTimer& operator=(const CostTimer&) = delete;

 private:
  using Clock = std::chrono::steady_clock;
  ReadCostCounters* const counters_;
  const ReadCostCounter which_;
  Clock::time_point begin_;
};

}  // namespace grid
