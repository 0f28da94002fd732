// The end of a run: nothing here throws into the caller, and nothing that was written is lost.
#include <csignal>

#include "base/error.h"
#include "run/artifacts.h"
#include "run/await.h"
#include "run/supervision.h"

namespace grid::run {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::milliseconds end_interval{1000};  // to look for the ends of killed scripts
constexpr std::chrono::seconds command_patience{5};      // of a session that ends, for its commands

}  // namespace

void Supervision::break_off(std::string_view why) {
  reason_ = why;
  tell(why);
  is_broken_off_ = true;
  scripts_.kill_all();
  while (scripts_.running_count() > 0) {
    reporting([&] {
      if (const auto end = scripts_.wait(end_interval, {})) take_end(*end);
    });
  }
}

void Supervision::end_task(const Task& task, const ScriptEnd& end) {
  RunRecord& record = *task.record;
  record.end = end.status;
  record.used = end.used;
  reporting([&] {
    take_counts();
    record.ended = format_time(Clock::now());
  });
  if (!is_sweep()) {
    // Its state follows in finish(). The status is on the disk from now on.
    if (needs_more_than_its_script()) reporting([&] { task.folder.write(record); });
    return;
  }
  record.state = state_after(end.status, is_stopped() || task.folder.was_asked_to_stop());
  sum_.add(record);
  reporting([&] { task.folder.write_last(record); });
  reporting([&] {
    if (request_.on_experiment_end) request_.on_experiment_end(record);
  });
}

bool Supervision::needs_more_than_its_script() const {
  return run_.record.session || !run_.record.artifacts_source.empty();
}

void Supervision::stop_unstarted(const Task& task) {
  task.record->state = is_broken_off_ ? RunState::failed : RunState::stopped;
  task.record->reason = reason_;
  task.record->ended = format_time(Clock::now());
  reporting([&] { task.folder.write(*task.record); });
  sum_.add(*task.record);
}

void Supervision::end_commands() {
  door_.reset();
  const auto find_live = [&] { return commands_.find_live(attached_->mount()); };
  std::set<ProcessIdentity> asked;
  for (const Processes::Time until = processes_.now() + command_patience;
       processes_.now() < until && !run_.folder.was_asked_to_kill() &&
       !processes_.find_end_signal();
       processes_.poll({}, interrupt_interval)) {
    const std::vector<ProcessIdentity> live = find_live();
    if (live.empty()) return;
    for (const ProcessIdentity& command : live) {
      if (!asked.insert(command).second) continue;
      send_signal(command, SIGHUP);
      send_signal(command, SIGTERM);
    }
  }
  kill_each(find_live);
}

ExitStatus Supervision::finish() {
  RunRecord& record = run_.record;
  scripts_.take_signals();  // the script may have ended by one that has not been taken yet
  if (is_sweep()) {
    record.end = sum_.end();
    reporting([&] {
      for (const Task& task : waiting_) stop_unstarted(task);
      record.end = sum_.end();
      record.used = sum_.used();
      record.ended = format_time(Clock::now());
    });
  }
  if (record.session) reporting([&] { end_commands(); });
  reporting([&] { keep_artifacts(); });
  std::optional<RunRecord> written;  // as it is on the disk
  reporting([&] {
    settle_end();
    run_.folder.write_last(record);
    written = record;
  });
  reporting([&] {
    if (output_) output_->finish();
    if (output_ && !output_->loss().empty()) lose(output_->loss());
    if (output_ && !output_->log_loss().empty())
      tell(fmt::format("the log of {} is incomplete: {}", record.name, output_->log_loss()));
  });
  reporting([&] { attached_->leave(); });
  reporting([&] { take_counts(); });  // again: reads until the server's end count too
  reporting([&] {
    settle_end();
    if (!written || record != *written) run_.folder.write(record);
  });
  return exit_status();
}

void Supervision::settle_end() {
  RunRecord& record = run_.record;
  record.state = state_after(exit_status(), is_stopped());
  record.reason = reason_;
}

ExitStatus Supervision::exit_status() const {
  const ExitStatus end = run_.record.end.value_or(ExitStatus{.status = 1});
  return end == ExitStatus{} && !reason_.empty() ? ExitStatus{.status = 1} : end;
}

void Supervision::lose(const std::string& what) {
  if (reason_.empty()) reason_ = what;
}

void Supervision::keep_artifacts() {
  if (run_.record.artifacts_source.empty()) return;
  const fs::path source = run_.record.artifacts_source;
  ArtifactList list = changed_since(source, start_time_);
  for (ArtifactFailure& failure : copy_artifacts(source, list.artifacts, run_.folder.artifacts()))
    list.failures.push_back(std::move(failure));
  if (list.failures.empty()) return;
  const std::string sentence = spell_failures(list.failures, "kept");
  lose(sentence);
  tell(sentence);
}

void Supervision::tell(std::string_view sentence) const noexcept {
  try {
    if (request_.on_problem) request_.on_problem(sentence);
  } catch (...) {  // also what is no std::exception: the reader of the output has gone
  }
}

}  // namespace grid::run
