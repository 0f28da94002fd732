#include "service/jobs.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/random.h"
#include "base/start_thread.h"
#include "base/text.h"
#include "base/utc.h"
#include "create/create.h"
#include "service/progress_event.h"

namespace grid::service {

std::string_view name_of(JobState state) {
  static constexpr std::array<std::string_view, 5> names = {"queued", "running", "done", "failed",
                                                            "stopped"};
  return names[static_cast<std::size_t>(state)];
}

bool is_over(JobState state) { return state != JobState::queued && state != JobState::running; }

// The members but the stop are guarded by Jobs::mutex_.
class Jobs::Job : public JobControl {
 public:
  Job(std::mutex& mutex, JobRequest request) : mutex_(mutex), work_(std::move(request.work)) {
    shown_.id = random_hex(12);
    shown_.kind = std::move(request.kind);
    shown_.name = std::move(request.name);
    shown_.about = std::move(request.about);
    shown_.created = format_rfc3339(std::chrono::system_clock::now());
  }

  const std::atomic<bool>& stop() const override { return stop_; }
  void report(std::function<ProgressState()> progress) override {
    std::lock_guard lock(mutex_);
    progress_ = std::move(progress);
  }

  void on_stop(std::function<void()> call) override {
    std::lock_guard lock(mutex_);
    on_stop_ = std::move(call);
    if (stop_) on_stop_();
  }

  void ask_to_stop() {
    stop_ = true;
    if (on_stop_) on_stop_();
  }
  JobResult work() { return work_(*this); }

  JobState state() const { return shown_.state; }
  const std::string& id() const { return shown_.id; }
  void begin() {
    shown_.state = JobState::running;
    began_ = std::chrono::steady_clock::now();
  }
  void end(JobState state, std::string reason, JobResult result) {
    look();
    progress_ = nullptr;
    on_stop_ = nullptr;
    work_ = nullptr;
    shown_.state = state;
    shown_.reason = std::move(reason);
    shown_.result = std::move(result);
    shown_.ended = format_rfc3339(std::chrono::system_clock::now());
  }
  const ShownJob& look() const {
    if (!progress_) return shown_;
    shown_.progress = progress_();
    shown_.pace = meter_.look(std::chrono::steady_clock::now() - began_, shown_.progress);
    return shown_;
  }

  std::thread thread;  // set by start_queued()

 private:
  std::mutex& mutex_;
  JobWork work_;
  std::atomic<bool> stop_ = false;
  std::function<ProgressState()> progress_;  // of work that is under way
  std::function<void()> on_stop_;            // the same
  std::chrono::steady_clock::time_point began_;
  mutable ShownJob shown_;
  mutable PaceMeter meter_;
};

Jobs::~Jobs() {
  std::unique_lock lock(mutex_);
  ending_ = true;
  for (const std::shared_ptr<Job>& job : jobs_) job->ask_to_stop();
  ended_.wait(lock, [&] { return counts_.running == 0; });
  lock.unlock();
  for (const std::shared_ptr<Job>& job : jobs_)
    if (job->thread.joinable()) job->thread.join();
}

ShownJob Jobs::start(JobRequest request) {
  auto job = std::make_shared<Job>(mutex_, std::move(request));
  std::lock_guard lock(mutex_);
  if (counts_.queued >= queued_max)
    fail(ErrorKind::unavailable, "{} jobs are waiting to begin: wait for some of them to end",
         counts_.queued);
  forget_oldest();
  jobs_.push_back(job);
  ++counts_.queued;
  start_queued();
  return show(*job);
}

// mutex_ is held.
void Jobs::start_queued() {
  for (const std::shared_ptr<Job>& job : jobs_) {
    if (ending_ || counts_.running >= running_max) return;
    if (job->state() != JobState::queued) continue;
    --counts_.queued;
    try {
      job->thread = start_thread([this, job] { run(job); });
      job->begin();
      ++counts_.running;
    } catch (const Error& error) {  // the reason of the job
      job->end(JobState::failed, error.what(), nullptr);
      ++counts_.failed;
    }
  }
}

void Jobs::run(const std::shared_ptr<Job>& job) {
  JobState state = JobState::done;
  std::string reason;
  JobResult result;
  try {
    result = job->work();
  } catch (const create::Interrupted&) {
    state = JobState::stopped;
  } catch (const std::exception& error) {  // the reason of the job
    state = job->stop() ? JobState::stopped : JobState::failed;
    reason = error.what();
  }
  std::lock_guard lock(mutex_);
  job->end(state, std::move(reason), std::move(result));
  ++(state == JobState::done     ? counts_.done
     : state == JobState::failed ? counts_.failed
                                 : counts_.stopped);
  --counts_.running;
  start_queued();
  ended_.notify_all();
}

// mutex_ is held.
void Jobs::forget_oldest() {
  auto over = static_cast<std::size_t>(std::count_if(
      jobs_.begin(), jobs_.end(), [](const auto& job) { return is_over(job->state()); }));
  for (auto at = jobs_.begin(); at != jobs_.end() && over >= kept_max;) {
    if (!is_over((*at)->state())) {
      ++at;
      continue;
    }
    if ((*at)->thread.joinable()) (*at)->thread.join();  // it has nothing left to do
    at = jobs_.erase(at);
    --over;
  }
}

// mutex_ is held.
std::shared_ptr<Jobs::Job> Jobs::get(std::string_view id) const {
  for (const std::shared_ptr<Job>& job : jobs_)
    if (job->id() == id) return job;
  fail(ErrorKind::not_found, "there is no job {}; jobs are forgotten when their server ends",
       to_utf8(id));
}

ShownJob Jobs::show(const Job& job) const { return job.look(); }

JobList Jobs::list() const {
  std::lock_guard lock(mutex_);
  JobList list;
  for (auto job = jobs_.rbegin(); job != jobs_.rend(); ++job) list.jobs.push_back(show(**job));
  return list;
}

ShownJob Jobs::show(std::string_view id) const {
  std::lock_guard lock(mutex_);
  return show(*get(id));
}

ShownJob Jobs::stop(std::string_view id) {
  std::lock_guard lock(mutex_);
  const std::shared_ptr<Job> job = get(id);
  job->ask_to_stop();
  if (job->state() == JobState::queued) {
    job->end(JobState::stopped, "", nullptr);
    --counts_.queued;
    ++counts_.stopped;
  }
  return show(*job);
}

Jobs::Counts Jobs::counts() const {
  std::lock_guard lock(mutex_);
  return counts_;
}

static void write_job(JsonWriter& json, const ShownJob& job) {
  json.begin_object().member("id", job.id).member("kind", job.kind).member("name", job.name);
  json.name_member("about", job.about).member("status", name_of(job.state));
  json.member("reason", job.reason).member("created", job.created).member("ended", job.ended);
  json.key("progress").begin_object();
  write_progress_members(json, job.progress, job.pace);
  json.end_object().key("result");
  if (job.result)
    job.result(json);
  else
    json.null();
  json.end_object();
}

void write_document(JsonWriter& json, const ShownJob& job) { write_job(json, job); }

void write_document(JsonWriter& json, const JobList& list) {
  json.begin_object().key("jobs").begin_array();
  for (const ShownJob& job : list.jobs) write_job(json, job);
  json.end_array().end_object();
}

}  // namespace grid::service
