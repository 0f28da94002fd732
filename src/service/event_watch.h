// Finds out what happens in a store and on this machine, whoever did it, by looking now and then.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "service/event_log.h"
#include "service/jobs.h"
#include "service/settings.h"

namespace grid::service {

// Looks as long as someone follows. What happened before the first look is no event.
class EventWatch {
 public:
  using FindStore = std::function<std::shared_ptr<dataset::OpenStore>()>;  // may throw

  // All of these outlive it.
  EventWatch(const Settings& settings, FindStore store, const Jobs& jobs, EventLog& log)
      : settings_(settings), find_store_(std::move(store)), jobs_(jobs), log_(log) {}
  ~EventWatch();
  EventWatch(const EventWatch&) = delete;
  EventWatch& operator=(const EventWatch&) = delete;

  // One who follows; thread-safe, and so is its end.
  class Follower {
   public:
    explicit Follower(EventWatch& watch);
    ~Follower();
    Follower(const Follower&) = delete;
    Follower& operator=(const Follower&) = delete;

   private:
    EventWatch& watch_;
  };

  // Looks once at everything, now.
  void look();

 private:
  // What a datastore's objects are.
  struct Seen {
    std::set<std::uint32_t> versions, deleted;
    std::uint32_t description = 0, retention = 0;
    std::map<std::string, std::uint32_t> tags;
    bool operator==(const Seen&) const = default;
  };
  void work();
  void look_where_it_is_due();
  void look_at_jobs();
  void look_at_runs();
  void look_at_store();

  const Settings& settings_;
  const FindStore find_store_;
  const Jobs& jobs_;
  EventLog& log_;

  std::mutex look_mutex_;                         // held while looking; guards what was seen:
  std::map<std::string, std::string> seen_jobs_;  // what was told of each
  std::optional<std::map<std::string, std::string>> seen_runs_;
  std::optional<std::map<std::string, Seen>> seen_store_;
  std::chrono::steady_clock::time_point next_store_look_{};

  std::mutex mutex_;
  std::condition_variable changed_;
  unsigned followers_ = 0;  // guarded by mutex_
  bool ending_ = false;     // guarded by mutex_
  std::thread thread_;      // guarded by mutex_
};

}  // namespace grid::service
