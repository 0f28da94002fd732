// Counts what is in a source while a create reads it. The create itself walks only just ahead of
// its reading, so it does not know how much is left.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

#include "source/walker.h"

namespace grid::service {

// Counts in a thread of its own, starting after a second: shorter creates need no estimate.
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
