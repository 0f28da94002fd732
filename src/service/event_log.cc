#include "service/event_log.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/random.h"
#include "base/text.h"

namespace grid::service {

EventLog::EventLog() : epoch_(random_hex(8)) {}

void EventLog::add(std::string_view kind, std::string_view name, std::string data) {
  while (data.ends_with('\n')) data.pop_back();
  std::lock_guard lock(mutex_);
  if (events_.size() == kept_max) events_.pop_front();
  events_.push_back({++newest_, std::string(kind), std::string(name), std::move(data)});
}

std::uint64_t EventLog::newest() const {
  std::lock_guard lock(mutex_);
  return newest_;
}

std::vector<Event> EventLog::after(std::uint64_t number, std::size_t count_max) const {
  std::lock_guard lock(mutex_);
  const auto from = std::upper_bound(events_.begin(), events_.end(), number,
                                     [](std::uint64_t n, const Event& e) { return n < e.number; });
  const auto count = std::min(count_max, static_cast<std::size_t>(events_.end() - from));
  return {from, from + static_cast<std::ptrdiff_t>(count)};
}

std::string EventLog::spell(std::uint64_t number) const {
  return fmt::format("{}-{}", epoch_, number);
}

std::optional<std::uint64_t> EventLog::parse(std::string_view id) const {
  if (take_until(id, '-') != epoch_) return std::nullopt;
  const auto number = parse_number<std::uint64_t>(id);
  std::lock_guard lock(mutex_);
  if (!number || *number > newest_ || *number + events_.size() < newest_) return std::nullopt;
  return number;
}

}  // namespace grid::service
