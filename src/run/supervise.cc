// One thread does everything: it forks the server, which makes threads, the process that copies the
// output, and the scripts, each into the mount; then it waits. Nothing here reads the datastores:
// the supervisor must not wait for the server.
#include "run/supervise.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <deque>

#include "base/error.h"
#include "run/artifacts.h"
#include "run/attached_datastores.h"
#include "run/output_copy.h"
#include "run/run_books.h"
#include "run/scripts.h"
#include "run/session.h"
#include "run/system_processes.h"

namespace grid::run {

namespace fs = std::filesystem;

namespace {

using Clock = std::chrono::system_clock;

constexpr std::chrono::milliseconds bookkeeping_interval{1000};
constexpr std::uint64_t log_size_max = 256 << 20;

Attachment attachment_of(const SuperviseRequest& request) {
  const RunRecord& record = request.run.record;
  return {.kind = AttachmentKind::run,
          .label = record.name,
          .store_id = record.store_id,
          .versions = versions_of(record)};
}

ServerRequest server_request(const SuperviseRequest& request) {
  const RunRecord& record = request.run.record;
  return {.open_store = request.open_store,
          .pins = record.pins,
          .mount_folder = record.mount_folder,
          .prefetch = record.prefetch,
          .pins_were_named = request.run.references.pins_were_named,
          .attachment_folder = request.attachment_folder,
          .attachment = attachment_of(request)};
}

class Supervision {
 public:
  Supervision(Processes& processes, const Runs& runs, SuperviseRequest& request)
      : processes_(processes),
        request_(request),
        run_(request.run),
        server_request_(server_request(request)),
        attachment_(request.attachment_folder, server_request_.attachment) {
    if (run_.experiments.empty()) {
      waiting_.push_back({run_.folder, &run_.record, 0});
    } else {
      for (RunRecord& experiment : run_.experiments)
        waiting_.push_back({runs.folder_of(experiment.name), &experiment, 0});
    }
  }

  ExitStatus run() {
    attach();
    tell_early_problems();
    if (run_.record.session) door_.emplace(run_.folder);
    start_time_ = Clock::now();
    start_next();  // throws if the first script cannot start
    if (is_sweep()) {
      begin(run_.record);
      reporting([&] { run_.folder.write(run_.record); });
    }
    run_.folder.remove_environment();
    if (request_.on_started) request_.on_started();
    start_more();
    while (scripts_.running_count() > 0) wait_once();
    if (output_) output_->finish();
    attached_->leave();
    return finish();
  }

 private:
  struct Task {
    RunFolder folder;
    RunRecord* record;
    std::size_t script;
  };

  bool is_sweep() const { return !run_.experiments.empty(); }

  void attach() {
    if (run_.record.copied)
      attached_.emplace(server_request_, run_.folder.copies());
    else
      attached_.emplace(processes_, server_request_, board_);
  }

  void begin(RunRecord& record) const {
    record.started = format_time(Clock::now());
    record.pid = ::getpid();
    record.host = run_.record.host;
    record.state = RunState::running;
  }

  void start_next() {
    Task task = waiting_.front();
    const std::vector<std::string> environment =
        environment_of(task.folder, *task.record, run_.environment);
    make_folders(find_variable(environment, "GRID_ARTIFACTS"));
    ScriptRequest script{.program = program_of(*task.record, environment),
                         .environment = environment,
                         .mount = attached_->mount(),
                         .mount_folder = run_.record.mount_folder};
    FileDescriptor null, log;
    if (request_.streams == Streams::log) {
      null = open_file("/dev/null", O_RDONLY);
      log = open_file(task.folder.log(), O_WRONLY | O_CREAT | O_APPEND, 0600);
      script.input = null.get();
      script.output = script.errors = log.get();
      script.own_group = true;
    } else if (request_.streams == Streams::callers_and_log) {
      output_.emplace(processes_, task.folder.log(), log_size_max);
      script.output = output_->output();
      script.errors = output_->errors();
    }
    task.script = scripts_.start(script);
    if (output_) output_->release_streams();
    waiting_.pop_front();
    begin(*task.record);
    task.record->script_pid = scripts_.process_of(task.script);
    running_.push_back(task);
    reporting([&] { task.folder.write(*task.record); });
  }

  void start_more() {
    while (!waiting_.empty() && scripts_.running_count() < request_.parallel && !is_stopped()) {
      try {
        start_next();
      } catch (const Error& error) {
        // The others may still start; the record of this one says why it did not.
        const Task task = waiting_.front();
        waiting_.pop_front();
        task.record->reason = error.what();
        end_task(task, {.status = {.status = 1}});
      }
    }
  }

  void wait_once() {
    ServerProcess* server = attached_->server();
    // A descriptor of -1 is not waited for.
    std::array<pollfd, 2> watched{
        {{.fd = server ? server->channel() : -1, .events = POLLIN, .revents = 0},
         {.fd = door_ ? door_->descriptor() : -1, .events = POLLIN, .revents = 0}}};
    const std::optional<ScriptEnd> end = scripts_.wait(bookkeeping_interval, watched);
    // Signalled again: the first signal came before the script's terminal had the new size.
    if (output_ && scripts_.take_resize() && output_->resize()) scripts_.signal_all(SIGWINCH);
    if (watched[0].revents != 0 || (server && watched[0].fd < 0)) hear_server();
    if (watched[1].revents != 0) answer_door();
    if (end) {
      const auto task = std::find_if(running_.begin(), running_.end(),
                                     [&](const Task& t) { return t.script == end->number; });
      const Task ended = *task;
      running_.erase(task);
      end_task(ended, *end);
      start_more();
    } else {
      keep_books();
    }
  }

  void hear_server() {
    const ServerNews news = attached_->server()->take_news();
    switch (news.kind) {
      case ServerNews::Kind::nothing:
        return;
      case ServerNews::Kind::problem:
        return tell(news.sentence);
      case ServerNews::Kind::replaced:
        run_.record.servers_replaced = attached_->server()->replaced_count();
        if (attached_->server()->replaced_count() == 1)
          tell("the process that serves the datastores was killed: another has taken over");
        return;
      case ServerNews::Kind::ended:
        break;
    }
    attached_->forget_server();
    tell(news.sentence);
    scripts_.signal_all(SIGKILL);
  }

  void tell_early_problems() {
    if (!attached_->server()) return;
    for (const std::string& problem : attached_->server()->take_problems()) tell(problem);
  }

  void answer_door() {
    door_->answer(attached_->mount(),
                  {.attach = [&](const UsedVersion& version,
                                 const Digest& root) { attach_to_session(version, root); },
                   .detach = [&](const std::string& name) { detach_from_session(name); }});
  }

  void attach_to_session(const UsedVersion& version, const Digest& root) {
    if (!attached_->server())
      fail(ErrorKind::unsupported, "the datastores of {} are copies: nothing can be attached to it",
           run_.record.name);
    // Marked in use before it is looked up, so that it is not deleted in between.
    std::vector<UsedVersion> used = versions_of(run_.record);
    used.push_back(version);
    attachment_.use(std::move(used));
    const bool pinned = attached_->server()->pin(version);
    tell_early_problems();
    if (!pinned) {
      attachment_.use(versions_of(run_.record));
      fail(ErrorKind::already_exists,
           "{0}/{1} means another version in this session, for as long as it lives; {1}:{2} is at "
           "{0}/{1}/{2}",
           run_.record.mount_folder, version.name, version.version);
    }
    run_.record.pins[version.name] = version.version;
    RunVersion& attached = run_.record.settle(version);
    attached.named = true;
    attached.root = root;
    keep_books_now();
  }

  void detach_from_session(const std::string& name) {
    const auto removed =
        std::erase_if(run_.record.versions, [&](const RunVersion& v) { return v.name == name; });
    if (removed == 0)
      fail(ErrorKind::not_found, "{} is not attached to {}", name, run_.record.name);
    for (const ReadVersion& read : board_.versions())
      if (read.version.name == name) released_[read.version] = read.bytes_read;
    keep_books_now();
  }

  bool take_counts() {
    run_.record.costs = board_.costs();
    return take_reads(board_.versions(), released_, run_.record);
  }

  void keep_books() {
    if (take_counts()) keep_books_now();
  }

  void keep_books_now() {
    reporting([&] {
      attachment_.use(versions_of(run_.record));
      run_.folder.write(run_.record);
    });
  }

  bool is_stopped() const { return scripts_.told_to_end() || run_.folder.was_asked_to_stop(); }

  void end_task(const Task& task, const ScriptEnd& end) {
    RunRecord& record = *task.record;
    take_counts();
    record.ended = format_time(Clock::now());
    record.end = end.status;
    record.used = end.used;
    record.state = state_after(end.status, is_stopped() || task.folder.was_asked_to_stop());
    if (!is_sweep()) return;
    sum_.add(record);
    reporting([&] { task.folder.write(record); });
    if (request_.on_experiment_end) request_.on_experiment_end(record);
  }

  // Records the experiments that never started because the sweep was stopped.
  void stop_waiting() {
    for (const Task& task : waiting_) {
      task.record->state = RunState::stopped;
      task.record->ended = format_time(Clock::now());
      reporting([&] { task.folder.write(*task.record); });
      sum_.add(*task.record);
    }
  }

  ExitStatus finish() {
    RunRecord& record = run_.record;
    take_counts();  // again: reads until the server's end count too
    if (is_sweep()) {
      stop_waiting();
      record.end = sum_.end();
      record.used = sum_.used();
      record.ended = format_time(Clock::now());
      record.state = state_after(*record.end, is_stopped());
    }
    reporting([&] { keep_artifacts(); });
    reporting([&] { run_.folder.write(record); });
    return *record.end;
  }

  void keep_artifacts() const {
    if (run_.record.artifacts_source.empty()) return;
    const fs::path source = run_.record.artifacts_source;
    copy_artifacts(source, changed_since(source, start_time_), run_.folder.artifacts());
  }

  void tell(std::string_view sentence) const {
    if (request_.on_problem) request_.on_problem(sentence);
  }

  // Once the script runs, a full disk must not change how it ends: failures are reported, not
  // thrown.
  template <class Write>
  void reporting(const Write& write) const {
    try {
      write();
    } catch (const Error& error) {
      tell(error.what());
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
  ReleasedVersions released_;
  std::deque<Task> waiting_;
  std::vector<Task> running_;
  Clock::time_point start_time_;
  SweepSum sum_;
};

template <class Run>
ExitStatus run_or_clean_up(const Runs& runs, SuperviseRequest& request, const Run& run) {
  try {
    return run();
  } catch (const Error& error) {
    for (const RunRecord& experiment : request.run.experiments)
      runs.folder_of(experiment.name).remove();
    if (!request.keep_failed) {
      request.run.folder.remove();
      throw;
    }
    RunRecord& record = request.run.record;
    record.state = RunState::failed;
    record.reason = error.what();
    record.ended = format_time(Clock::now());
    request.run.folder.write(record);
    throw;
  }
}

}  // namespace

ExitStatus supervise(const Runs& runs, SuperviseRequest request) {
  return run_or_clean_up(runs, request, [&] {
    SystemProcesses processes;
    return Supervision(processes, runs, request).run();
  });
}

ExitStatus supervise(Processes& processes, const Runs& runs, SuperviseRequest request) {
  return run_or_clean_up(runs, request,
                         [&] { return Supervision(processes, runs, request).run(); });
}

}  // namespace grid::run
