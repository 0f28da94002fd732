// The last events of a server, numbered, so that a client that was away for a moment misses none.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace grid::service {

struct Event {
  std::uint64_t number = 0;  // from 1
  std::string kind;          // "job", "version", "deleted", "described", "run"
  std::string name;          // of the datastore that it tells of; empty: of something else
  std::string data;          // a JSON object on one line
};

// Thread-safe.
class EventLog {
 public:
  static constexpr std::size_t kept_max = 4096;  // events

  EventLog();

  void add(std::string_view kind, std::string_view name, std::string data);
  std::uint64_t newest() const;  // its number; 0: there is none
  // Those after this one, at most `count_max`.
  std::vector<Event> after(std::uint64_t number, std::size_t count_max) const;

  // An event's id, for clients: another log's is none of this one.
  std::string spell(std::uint64_t number) const;
  // Empty for what is no id of this log, and for one after which events were forgotten.
  std::optional<std::uint64_t> parse(std::string_view id) const;

 private:
  const std::string epoch_;
  mutable std::mutex mutex_;
  std::deque<Event> events_;  // guarded by mutex_; oldest first
  std::uint64_t newest_ = 0;  // guarded by mutex_
};

}  // namespace grid::service
