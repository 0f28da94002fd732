// The life of one run: its processes, its record and what is said of it. See supervise.h.
//
// One thread does everything: it forks the server, which makes threads, the process that copies the
// output, and the scripts, each into the mount; then it waits. Nothing here reads the datastores:
// the supervisor must not wait for the server.
#pragma once

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "run/attached_datastores.h"
#include "run/output_copy.h"
#include "run/run_books.h"
#include "run/scripts.h"
#include "run/session.h"
#include "run/session_commands.h"
#include "run/supervise.h"

namespace grid::run {

class Supervision {
 public:
  // The arguments must outlive this object.
  Supervision(Processes& processes, const Runs& runs, SuperviseRequest& request);

  // See supervise(). Throws only while has_started() is false.
  ExitStatus run();
  bool has_started() const { return has_started_; }

 private:
  using Clock = std::chrono::system_clock;

  struct Task {
    RunFolder folder;
    RunRecord* record;
    std::size_t script;
    bool was_asked_to_stop = false, was_killed = false;  // alone, not with its sweep
  };

  bool is_sweep() const { return !run_.experiments.empty(); }

  // Before anything is made, so that what a run leaves that is killed meanwhile is known as its
  // own.
  void record_all();
  void attach();
  void start_next();
  void start_more();
  void begin(RunRecord& record) const;

  // While scripts run.
  void run_scripts();
  void wait_once();
  void hear_server();
  void hear_output();
  void tell_early_problems();
  void answer_door();
  void attach_to_session(const UsedVersion& version, const Digest& root);
  void detach_from_session(const std::string& name);
  // Requests that come as files: from another machine, or to one experiment.
  void hear_requests();
  void hear_experiments();
  bool take_counts();
  void keep_books();
  void keep_books_now();
  bool is_stopped() const { return scripts_.told_to_end() || run_.folder.was_asked_to_stop(); }

  // At the end of a script, and of the run.
  void take_end(const ScriptEnd& end);
  // The run cannot be continued: ends it, and waits for its ends as for any other.
  void break_off(std::string_view why);
  void end_task(const Task& task, const ScriptEnd& end);
  bool needs_more_than_its_script() const;
  void stop_unstarted(const Task& task);
  // The commands of a session end with it.
  void end_commands();
  // The record of the end is complete before anything is waited for that may take long.
  ExitStatus finish();
  void settle_end();
  // A run whose output or artifacts are incomplete has not succeeded.
  ExitStatus exit_status() const;
  void lose(const std::string& what);
  void keep_artifacts();

  // Throws nothing: a person who cannot be told changes nothing either.
  void tell(std::string_view sentence) const noexcept;
  // Once the script runs, a full disk or another failure must not change how it ends: each is
  // reported once, and nothing is thrown.
  template <class Write>
  void reporting(const Write& write) noexcept {
    try {
      write();
    } catch (const std::exception& error) {
      if (reported_.insert(error.what()).second) tell(error.what());
    } catch (...) {  // the reader of the output has gone
    }
  }

  Processes& processes_;
  SuperviseRequest& request_;
  PreparedRun& run_;
  const ServerRequest server_request_;
  Scoreboard board_;
  Scripts scripts_{processes_};
  LiveAttachment attachment_;
  std::optional<AttachedDatastores> attached_;
  std::optional<OutputCopy> output_;
  std::optional<SessionDoor> door_;
  SessionCommands commands_;
  ReleasedVersions released_;
  std::deque<Task> waiting_;
  std::vector<Task> running_;
  Clock::time_point start_time_;  // of the first script
  SweepSum sum_;
  std::chrono::milliseconds wait_interval_;
  std::string reason_;  // why the run did not go as it should
  std::set<std::string> reported_;
  bool has_started_ = false, is_broken_off_ = false, is_killed_ = false;
};

}  // namespace grid::run
