// Long work that a server does for others: a table of jobs, each with its progress, its end and its
// reason. It lives as long as the server; what a create has stored, the next one finds.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "service/json.h"
#include "service/pace.h"

namespace grid::service {

enum class JobState { queued, running, done, failed, stopped };
std::string_view name_of(JobState state);
bool is_over(JobState state);

// Writes the document that the command for the same work prints.
using JobResult = std::function<void(JsonWriter&)>;

// What the work of a job sees of it.
class JobControl {
 public:
  virtual ~JobControl() = default;
  // True once the job is to end soon; the work then throws create::Interrupted.
  virtual const std::atomic<bool>& stop() const = 0;
  // Called when that becomes true, at once if it is; it ends waits and does not wait itself.
  virtual void on_stop(std::function<void()> call) = 0;
  // How far the work is. Called by others, a moment longer than the work lasts, so it owns what it
  // looks at.
  virtual void report(std::function<ProgressState()> progress) = 0;
};
using JobWork = std::function<JobResult(JobControl&)>;

struct JobRequest {
  std::string kind;   // "create", "verify"
  std::string name;   // of the datastore that it is about; empty: the whole store
  std::string about;  // for people: "cats:3", a source
  JobWork work;
};

struct ShownJob {
  std::string id, kind, name, about;
  JobState state = JobState::queued;
  std::string reason;  // why it failed
  ProgressState progress;
  Pace pace;
  std::string created, ended;  // RFC 3339, UTC; `ended` empty until it is over
  JobResult result;            // of one that is done
};

struct JobList {
  std::vector<ShownJob> jobs;  // newest first
};

// Thread-safe.
class Jobs {
 public:
  static constexpr unsigned running_max = 2;  // at the same time; others are queued
  static constexpr std::size_t queued_max = 32;
  static constexpr std::size_t kept_max = 100;  // jobs that are over

  Jobs() = default;
  // Stops all jobs, and waits until they have ended.
  ~Jobs();
  Jobs(const Jobs&) = delete;
  Jobs& operator=(const Jobs&) = delete;

  // Throws `unavailable` if too many are queued.
  ShownJob start(JobRequest request);
  JobList list() const;
  ShownJob show(std::string_view id) const;  // throws `not_found`
  // Asks it to end. Does nothing to one that is over. Throws `not_found`.
  ShownJob stop(std::string_view id);

  struct Counts {
    std::size_t queued = 0, running = 0;
    std::uint64_t done = 0, failed = 0, stopped = 0;  // since the start
  };
  Counts counts() const;

 private:
  class Job;
  std::shared_ptr<Job> get(std::string_view id) const;  // mutex_ is held
  ShownJob show(const Job& job) const;                  // mutex_ is held
  void start_queued();                                  // mutex_ is held
  void run(const std::shared_ptr<Job>& job);
  void forget_oldest();  // mutex_ is held

  mutable std::mutex mutex_;
  std::condition_variable ended_;
  std::deque<std::shared_ptr<Job>> jobs_;  // guarded by mutex_, and what they hold; oldest first
  Counts counts_;                          // guarded by mutex_
  bool ending_ = false;                    // guarded by mutex_
};

void write_document(JsonWriter& json, const ShownJob& job);
void write_document(JsonWriter& json, const JobList& list);

}  // namespace grid::service
