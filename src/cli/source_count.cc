#include "cli/source_count.h"

#include <algorithm>
#include <chrono>

#include "base/error.h"

namespace grid::cli {

SourceCount::SourceCount(dataset::WalkOptions source)
    : thread_([this, source = std::move(source)]() mutable { count(std::move(source)); }) {}

SourceCount::~SourceCount() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  stopping_.notify_all();
  thread_.join();
}

void SourceCount::count(dataset::WalkOptions source) {
  {
    std::unique_lock lock(mutex_);
    if (stopping_.wait_for(lock, std::chrono::seconds(1), [this] { return stopped_.load(); }))
      return;
  }
  try {
    dataset::Walker walker(std::move(source), [](const dataset::Problem&) {});
    while (std::optional<dataset::WalkedEntry> walked = walker.next()) {
      if (stopped_) return;
      const dataset::Entry& entry = walked->entry;
      if (entry.kind != dataset::EntryKind::file) continue;
      ++files_;
      // Of a file with several names in the source the create reads one.
      bytes_ += entry.size / std::max<std::uint64_t>(1, walked->link_count);
    }
    known_ = true;
  } catch (const Error&) {
    // The create meets the same and says it; here it only means that there is no estimate.
  }
}

}  // namespace grid::cli
