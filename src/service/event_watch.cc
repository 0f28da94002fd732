#include "service/event_watch.h"

#include <algorithm>

#include "base/error.h"
#include "base/start_thread.h"
#include "service/runs.h"
#include "store/layout.h"

namespace grid::service {

namespace {

constexpr std::chrono::milliseconds between_looks{1000};
constexpr std::chrono::seconds between_store_looks_remote{15};  // each is paid for
constexpr std::size_t runs_looked_at = 100;                     // the newest
constexpr std::size_t own_time_share = 20;  // a look may take this part of the time

std::string one_line_of(const std::function<void(JsonWriter&)>& write) {
  std::string line;
  JsonWriter json([&](std::string_view text) { line += text; }, JsonWriter::Layout::one_line);
  write(json);
  return line;
}

}  // namespace

EventWatch::~EventWatch() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

EventWatch::Follower::Follower(EventWatch& watch) : watch_(watch) {
  std::lock_guard lock(watch_.mutex_);
  if (!watch_.thread_.joinable()) watch_.thread_ = start_thread([&watch] { watch.work(); });
  ++watch_.followers_;
  watch_.changed_.notify_all();
}

EventWatch::Follower::~Follower() {
  std::lock_guard lock(watch_.mutex_);
  --watch_.followers_;
}

void EventWatch::work() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    changed_.wait(lock, [&] { return ending_ || followers_ > 0; });
    if (ending_) return;
    lock.unlock();
    {
      std::lock_guard looking(look_mutex_);
      look_where_it_is_due();
    }
    lock.lock();
    changed_.wait_for(lock, between_looks, [&] { return ending_; });
  }
}

void EventWatch::look() {
  std::lock_guard lock(look_mutex_);
  next_store_look_ = {};
  look_where_it_is_due();
}

// look_mutex_ is held.
void EventWatch::look_where_it_is_due() {
  // What cannot be seen now is seen later; the requests of clients say why it cannot.
  for (const auto& part :
       {&EventWatch::look_at_jobs, &EventWatch::look_at_runs, &EventWatch::look_at_store}) {
    try {
      (this->*part)();
    } catch (const std::exception&) {
    }
  }
}

void EventWatch::look_at_jobs() {
  std::map<std::string, std::string> now;
  JobList list = jobs_.list();
  std::reverse(list.jobs.begin(), list.jobs.end());  // in the order in which they began
  for (ShownJob& job : list.jobs) {
    job.result = nullptr;  // may be long, and is read from the job
    // A job whose counts stand still is not told of again, though its clock runs.
    const std::string state = fmt::format("{} {} {}", name_of(job.state), job.progress.bytes_done,
                                          job.progress.files_done);
    const auto before = seen_jobs_.find(job.id);
    if (before == seen_jobs_.end() || before->second != state)
      log_.add("job", job.name, one_line_of([&](JsonWriter& json) { write_document(json, job); }));
    now.emplace(job.id, state);
  }
  seen_jobs_ = std::move(now);
}

void EventWatch::look_at_runs() {
  std::map<std::string, std::string> now;
  for (const ObservedRun& run : newest_runs(settings_, runs_looked_at).runs) {
    const std::string state(run::name_of(run.state));
    now.emplace(run.record.name, state);
    if (!seen_runs_) continue;
    const auto before = seen_runs_->find(run.record.name);
    if (before != seen_runs_->end() && before->second == state) continue;
    log_.add("run", "", one_line_of([&](JsonWriter& json) {
               json.begin_object().member("name", run.record.name).member("status", state);
               json.end_object();
             }));
  }
  seen_runs_ = std::move(now);
}

void EventWatch::look_at_store() {
  const auto began = std::chrono::steady_clock::now();
  if (began < next_store_look_) return;
  std::shared_ptr<dataset::OpenStore> store;
  try {
    store = find_store_();
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::not_found && !seen_store_) seen_store_.emplace();
    throw;
  }
  std::map<std::string, Seen> now;
  for (const auto& [name, keys] : dataset::list_all_datastore_keys(*store->backend))
    now.emplace(name, Seen{.versions = {keys.versions.begin(), keys.versions.end()},
                           .deleted = {keys.tombstones.begin(), keys.tombstones.end()},
                           .description = keys.descriptions.empty() ? 0 : keys.descriptions.back(),
                           .retention = keys.retention,
                           .tags = keys.tags});
  const auto ended = std::chrono::steady_clock::now();
  next_store_look_ = ended + (ended - began) * own_time_share;
  if (store->backend->remote())
    next_store_look_ = std::max(next_store_look_, ended + between_store_looks_remote);
  const auto tell = [&](std::string_view kind, const std::string& name, std::uint32_t number) {
    log_.add(kind, name, one_line_of([&](JsonWriter& json) {
               json.begin_object().member("name", name);
               if (number > 0) json.member("version", number);
               json.end_object();
             }));
  };
  for (const auto& [name, seen] : now) {
    if (!seen_store_) break;
    const Seen& before = (*seen_store_)[name];
    for (const std::uint32_t number : seen.versions)
      if (!before.versions.contains(number) && !seen.deleted.contains(number))
        tell("version", name, number);
    for (const std::uint32_t number : seen.deleted)
      if (!before.deleted.contains(number) && before.versions.contains(number))
        tell("deleted", name, number);
    for (const std::uint32_t number : before.deleted)
      if (!seen.deleted.contains(number)) tell("restored", name, number);
    if (seen.description != before.description) tell("described", name, 0);
    if (seen.tags != before.tags) tell("tagged", name, 0);
    if (seen.retention != before.retention) tell("retention", name, 0);
  }
  seen_store_ = std::move(now);
}

}  // namespace grid::service
