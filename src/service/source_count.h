// How much there is in a source, counted beside a create that reads it: the create itself walks
// just ahead of its reading, which says nothing of how long it will take.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

#include "source/walker.h"

namespace grid::service {

// Counts in a thread of its own, from a second on: what is done by then needs no estimate.
class SourceCount {
 public:
  explicit SourceCount(source::WalkOptions source);
  ~SourceCount();
  SourceCount(const SourceCount&) = delete;
  SourceCount& operator=(const SourceCount&) = delete;

  // True once everything is counted; files() and bytes() are then what a create will find.
  bool is_known() const { return known_; }
  std::uint64_t files() const { return files_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  void count(source::WalkOptions source);

  std::atomic<std::uint64_t> files_ = 0, bytes_ = 0;
  std::atomic<bool> known_ = false;

  std::mutex mutex_;
  std::condition_variable stopping_;
  std::atomic<bool> stopped_ = false;  // written under mutex_
  std::thread thread_;
};

}  // namespace grid::service
