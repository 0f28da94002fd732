#include "mount/listing.h"

#include <algorithm>

#include "base/error.h"

namespace grid::mount {
namespace {

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

// No lock is held while the store is asked. Threads that find the answer too old at the same time
// all ask; the answer to the latest question wins.
template <class T, class Ask>
std::shared_ptr<const Listed<T>> Listing::get(Answer<T>& answer, Freshness freshness,
                                              const Ask& ask) {
  const auto start = Clock::now();
  std::shared_ptr<const Listed<T>> before;
  {
    std::lock_guard lock(mutex_);
    before = answer.listed;
    if (before && freshness == Freshness::recent && start - answer.asked < interval_) {
      return before;
    }
  }

  std::vector<T> values;
  try {
    values = ask();
    // A request each time would be dear. A list that has not changed shows nothing of another
    // store.
    if (identity_.is_cheap() || (before && before->values != values)) identity_.check();
  } catch (const Error& error) {
    // As promised in the header, the last answer stands.
    if (error.kind() != ErrorKind::unavailable || !before) throw;
    return before;
  }

  std::lock_guard lock(mutex_);
  if (answer.listed && answer.asked > start) return answer.listed;
  answer.asked = start;
  if (!answer.listed || answer.listed->values != values) {
    // The kernel drops its cached folder when the folder's time changes, so no time is used twice.
    const std::int64_t last = answer.listed ? answer.listed->changed_ns : 0;
    answer.listed = std::make_shared<const Listed<T>>(
        Listed<T>{.values = std::move(values), .changed_ns = std::max(now_ns(), last + 1)});
  }
  return answer.listed;
}

Listing::Names Listing::names(Freshness freshness) {
  return get(names_, freshness, [&] { return datastores_->names(); });
}

Listing::Numbers Listing::numbers(const std::string& name, Freshness freshness) {
  Answer<dataset::VersionNumber>* answer;
  {
    std::lock_guard lock(mutex_);
    answer = &numbers_[name];  // stable: a map does not move its values
  }
  return get(*answer, freshness, [&] { return datastores_->ready_numbers(name); });
}

bool Listing::had_versions(const std::string& name) {
  std::lock_guard lock(mutex_);
  const auto answer = numbers_.find(name);
  return answer != numbers_.end() && answer->second.listed &&
         !answer->second.listed->values.empty();
}

}  // namespace grid::mount
