#include "service/source_count.h"

#include <algorithm>
#include <chrono>

#include "base/error.h"
#include "base/start_thread.h"

namespace grid::service {

SourceCount::SourceCount(source::WalkOptions source)
    : thread_(start_thread(
          [this, source = std::move(source)]() mutable { count(std::move(source)); })) {}

SourceCount::~SourceCount() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  stopping_.notify_all();
  thread_.join();
}

void SourceCount::count(source::WalkOptions source) {
  {
    std::unique_lock lock(mutex_);
    if (stopping_.wait_for(lock, std::chrono::seconds(1), [this] { return stopped_.load(); }))
      return;
  }
  try {
    source::Walker walker(std::move(source), [](const source::Problem&) {});
    while (std::optional<source::WalkedEntry> walked = walker.next()) {
      if (stopped_) return;
      const source::Entry& entry = walked->entry;
      if (entry.kind != source::EntryKind::file) continue;
      ++files_;
      // A create reads a file with several names only once.
      bytes_ += entry.size / std::max<std::uint64_t>(1, walked->link_count);
    }
    known_ = true;
  } catch (const Error&) {
    // The create meets the same error and reports it. Here it only means that there is no estimate.
  }
}

}  // namespace grid::service
