// The start of a run, and the time while its scripts run. The end is in supervision_end.cc.
#include "run/supervision.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "base/error.h"
#include "run/await.h"

namespace grid::run {

namespace {

constexpr std::chrono::milliseconds bookkeeping_interval{1000};
constexpr std::chrono::milliseconds request_interval{100};  // once the run was asked to stop
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

}  // namespace

Supervision::Supervision(Processes& processes, const Runs& runs, SuperviseRequest& request)
    : processes_(processes),
      request_(request),
      run_(request.run),
      server_request_(server_request(request)),
      attachment_(request.attachment_folder, server_request_.attachment),
      wait_interval_(bookkeeping_interval) {
  if (run_.experiments.empty()) {
    waiting_.push_back({.folder = run_.folder, .record = &run_.record, .script = 0});
  } else {
    for (RunRecord& experiment : run_.experiments)
      waiting_.push_back(
          {.folder = runs.folder_of(experiment.name), .record = &experiment, .script = 0});
  }
}

ExitStatus Supervision::run() {
  record_all();
  attach();
  tell_early_problems();
  if (run_.record.session) door_.emplace(run_.folder);
  start_time_ = Clock::now();
  refuse_if_interrupted(processes_);
  start_next();  // throws if the first script cannot start, and nothing once it has
  // From here on nothing of the run is lost, whatever fails.
  try {
    run_scripts();
  } catch (const std::exception& error) {
    break_off(error.what());
  }
  return finish();
}

void Supervision::record_all() {
  run_.folder.keep_room();
  run_.folder.write(run_.record);
  for (const Task& task : waiting_)
    if (is_sweep() && !task.folder.has_record()) task.folder.write(*task.record);
}

void Supervision::run_scripts() {
  if (is_sweep()) {
    reporting([&] {
      begin(run_.record);
      run_.folder.write(run_.record);
    });
  }
  run_.folder.remove_environment();
  if (request_.on_started) request_.on_started();
  start_more();
  while (scripts_.running_count() > 0) wait_once();
}

void Supervision::attach() {
  if (run_.record.copied)
    attached_.emplace(processes_, server_request_, run_.folder.copies());
  else
    attached_.emplace(processes_, server_request_, board_);
}

void Supervision::begin(RunRecord& record) const {
  record.state = RunState::running;
  record.pid = ::getpid();
  record.started = format_time(Clock::now());
  record.host = run_.record.host;
}

void Supervision::start_next() {
  Task task = waiting_.front();
  if (is_sweep()) task.folder.keep_room();
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
  running_.reserve(running_.size() + 1);
  task.script = scripts_.start(script);
  has_started_ = true;
  waiting_.pop_front();
  running_.push_back(std::move(task));
  if (output_) output_->release_streams();
  const Task& started = running_.back();
  started.record->script_pid = scripts_.process_of(started.script);
  reporting([&] {
    begin(*started.record);
    started.folder.write(*started.record);
  });
}

void Supervision::start_more() {
  while (!waiting_.empty() && scripts_.running_count() < request_.parallel && !is_stopped()) {
    try {
      start_next();
    } catch (const std::exception& error) {
      scripts_.take_signals();
      if (is_stopped()) return;
      // The others may still start; the record of this one says why it did not.
      const Task task = waiting_.front();
      waiting_.pop_front();
      task.record->reason = error.what();
      end_task(task, {.status = {.status = 1}});
    }
  }
}

void Supervision::hear_requests() {
  if (run_.folder.was_asked_to_kill() && !is_killed_) {
    is_killed_ = true;
    scripts_.kill_all();
  } else if (run_.folder.was_asked_to_stop()) {
    if (run_.record.session) scripts_.ask_all_to_end(SIGHUP);
    scripts_.ask_all_to_end(SIGTERM);
    wait_interval_ = request_interval;
  }
  if (is_sweep() && run_.folder.take_attention()) hear_experiments();
}

void Supervision::hear_experiments() {
  for (auto task = waiting_.begin(); task != waiting_.end();) {
    if (!task->folder.was_asked_to_stop()) {
      ++task;
      continue;
    }
    stop_unstarted(*task);
    task = waiting_.erase(task);
  }
  for (Task& task : running_) {
    if (!task.was_asked_to_stop && task.folder.was_asked_to_stop()) {
      task.was_asked_to_stop = true;
      scripts_.ask_to_end(task.script);
      wait_interval_ = request_interval;
    }
    if (!task.was_killed && task.folder.was_asked_to_kill()) {
      task.was_killed = true;
      scripts_.kill(task.script);
    }
  }
}

void Supervision::wait_once() {
  ServerProcess* server = attached_->server();
  // A descriptor of -1 is not waited for.
  std::array<pollfd, 3> watched{
      {{.fd = server ? server->channel() : -1, .events = POLLIN, .revents = 0},
       {.fd = door_ ? door_->descriptor() : -1, .events = POLLIN, .revents = 0},
       {.fd = output_ ? output_->channel() : -1, .events = POLLIN, .revents = 0}}};
  const std::optional<ScriptEnd> end = scripts_.wait(wait_interval_, watched);
  // Signalled again: the first signal came before the script's terminal had the new size.
  if (output_ && scripts_.take_resize() && output_->resize()) scripts_.signal_all(SIGWINCH);
  if (watched[0].revents != 0 || (server && watched[0].fd < 0)) hear_server();
  if (watched[1].revents != 0) answer_door();
  if (output_ && (watched[2].revents != 0 || watched[2].fd < 0)) hear_output();
  if (end) {
    take_end(*end);
    start_more();
  } else {
    keep_books();
  }
  hear_requests();
}

void Supervision::take_end(const ScriptEnd& end) {
  const auto task = std::find_if(running_.begin(), running_.end(),
                                 [&](const Task& t) { return t.script == end.number; });
  const Task ended = std::move(*task);
  running_.erase(task);
  end_task(ended, end);
}

void Supervision::hear_output() {
  if (const std::string problem = output_->take_news(); !problem.empty()) tell(problem);
}

void Supervision::hear_server() {
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
  if (!news.sentence.empty()) {
    reason_ = news.sentence;
    tell(news.sentence);
    scripts_.kill_all();
  } else if (scripts_.running_count() > 0) {
    tell("the datastores were unmounted from inside the run, which goes on without them");
  }
}

void Supervision::tell_early_problems() {
  if (!attached_->server()) return;
  for (const std::string& problem : attached_->server()->take_problems()) tell(problem);
}

void Supervision::answer_door() {
  door_->answer(attached_->mount(),
                {.enter = [&](pid_t client) { commands_.add(client); },
                 .attach = [&](const UsedVersion& version,
                               const Digest& root) { attach_to_session(version, root); },
                 .detach = [&](const std::string& name) { detach_from_session(name); }});
}

void Supervision::attach_to_session(const UsedVersion& version, const Digest& root) {
  if (!attached_->server() && attached_->mount())
    fail(ErrorKind::unavailable, "the datastores were unmounted in {}: nothing can be attached",
         run_.record.name);
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

void Supervision::detach_from_session(const std::string& name) {
  const auto removed =
      std::erase_if(run_.record.versions, [&](const RunVersion& v) { return v.name == name; });
  if (removed == 0) fail(ErrorKind::not_found, "{} is not attached to {}", name, run_.record.name);
  for (const ReadVersion& read : board_.versions())
    if (read.version.name == name) released_[read.version] = read.bytes_read;
  keep_books_now();
}

bool Supervision::take_counts() {
  run_.record.costs = board_.costs();
  return take_reads(board_.versions(), released_, run_.record);
}

void Supervision::keep_books() {
  if (take_counts()) keep_books_now();
}

void Supervision::keep_books_now() {
  reporting([&] {
    attachment_.use(versions_of(run_.record));
    run_.folder.write(run_.record);
  });
}

}  // namespace grid::run
