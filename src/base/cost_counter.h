// Counts what something costs, in numbers that many threads add to.
//
// Each layer that counts has its own struct of CostCounters. It starts as all zeros, and processes
// may share it. A null pointer to it disables counting.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace grid {

using CostCounter = std::atomic<std::uint64_t>;

template <class Counters>
void count_cost(Counters* counters, CostCounter Counters::*which, std::uint64_t cost) {
  if (counters) (counters->*which).fetch_add(cost, std::memory_order_relaxed);
}

// Counts the nanoseconds of its lifetime.
class CostTimer {
 public:
  template <class Counters>
  CostTimer(Counters* counters, CostCounter Counters::*which)
      : counter_(counters ? &(counters->*which) : nullptr) {
    if (counter_) begin_ = Clock::now();
  }
  ~CostTimer() {
    if (!counter_) return;
    const auto took = std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - begin_);
    counter_->fetch_add(static_cast<std::uint64_t>(took.count()), std::memory_order_relaxed);
  }
  CostTimer(const CostTimer&) = delete;
  CostTimer& operator=(const CostTimer&) = delete;

 private:
  using Clock = std::chrono::steady_clock;
  CostCounter* const counter_;
  Clock::time_point begin_;
};

}  // namespace grid
