// Fake processes, for tests of the supervisor of runs. The test plans what each does, at its start
// or at a time. Time passes only while the code under test waits, and then at once; code that waits
// for something that never comes fails.
//
// Channels are real, so what a child sends waits in its channel until it is read.
#pragma once

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "run/messages.h"
#include "run/processes.h"

namespace grid::testing {

class FakeProcesses final : public run::Processes {
 public:
  using Milliseconds = std::chrono::milliseconds;
  using Play = std::function<void(pid_t)>;

  struct Sent {
    pid_t process = 0;  // negative: its group
    int signal = 0;

    bool operator==(const Sent&) const = default;
  };

  // ---- The plan.

  // What every process of this name does when it starts; replaces an earlier plan.
  void when_started(std::string_view name, Play play) {
    plays_[std::string(name)] = std::move(play);
  }
  // The next processes of this name cannot be started.
  void fail_starts(std::string_view name, unsigned count) { failures_[std::string(name)] = count; }
  // The n-th start of all, counted from 1, fails.
  void fail_start_number(std::size_t number) { failing_start_ = number; }
  void after(Milliseconds delay, std::function<void()> event) {
    plan_.emplace(now_ + delay, std::move(event));
  }
  // What a child does when it is sent a signal; without this, only SIGKILL does anything.
  void when_sent(int signal, Play play) { reactions_[signal] = std::move(play); }
  // What happens when this process stops itself, before it is continued.
  void when_stopped(std::function<void()> event) { while_stopped_ = std::move(event); }

  // ---- What children do.

  void say(pid_t process, std::string_view text, const std::vector<int>& descriptors = {}) {
    run::send_message(child(process).channel, text, descriptors);
  }
  void fail(pid_t process, const Error& error) { run::send_failure(child(process).channel, error); }
  // Closes the child's end of the channel, as a script does when it becomes its program.
  void close_channel(pid_t process) {
    read_all(child(process));  // else the other end would see a reset connection
    child(process).channel.reset();
  }
  void end(pid_t process, const run::ExitStatus& status = {}, const run::Resources& used = {}) {
    if (child(process).has_ended) return;
    close_channel(process);
    child(process).has_ended = true;
    change(process, {run::ProcessChange::Kind::ended, status, used});
  }
  void stop(pid_t process) { change(process, {run::ProcessChange::Kind::stopped, {}, {}}); }
  void go_on(pid_t process) { change(process, {run::ProcessChange::Kind::continued, {}, {}}); }
  // Makes it the child of another process.
  void disown(pid_t process) { child(process).is_ours = false; }
  // A signal arrives for this process.
  void arrive(int signal, bool from_terminal = false) {
    arrived_.push_back({signal, from_terminal});
    const std::uint64_t one = 1;
    EXPECT_EQ(::write(signals_.get(), &one, sizeof one), static_cast<ssize_t>(sizeof one));
  }

  // ---- The record.

  // The names of all processes that were started, in order.
  const std::vector<std::string>& started() const { return started_; }
  std::size_t count_of(std::string_view name) const {
    return static_cast<std::size_t>(std::count(started_.begin(), started_.end(), name));
  }
  pid_t newest(std::string_view name) const {
    for (auto it = children_.rbegin(); it != children_.rend(); ++it)
      if (it->second.name == name) return it->first;
    throw std::logic_error("no process was started as " + std::string(name));
  }
  bool is_running(pid_t process) const { return !children_.at(process).has_ended; }
  bool has_own_group(pid_t process) const { return children_.at(process).own_group; }
  // Whether the supervisor has waited for the end of every process that it started.
  bool all_were_waited_for() const {
    return std::all_of(children_.begin(), children_.end(),
                       [](const auto& entry) { return entry.second.was_waited_for; });
  }
  // How many starts were tried.
  std::size_t start_count() const { return start_count_; }
  const std::vector<Sent>& sent() const { return sent_; }
  const std::vector<int>& own_stops() const { return own_stops_; }
  // The texts that were sent to a process.
  const std::vector<std::string>& heard_by(pid_t process) {
    read_all(child(process));
    return child(process).heard;
  }
  Milliseconds elapsed() const { return std::chrono::duration_cast<Milliseconds>(now_ - begin_); }

  // ---- What the code under test calls.

  run::ChildProcess start(const run::StartOptions& options, const Work&) override {
    const std::string name = options.name;
    if (++start_count_ == failing_start_) throw system_error(EAGAIN, "cannot start a process");
    if (unsigned& left = failures_[name]; left > 0) {
      --left;
      throw system_error(EAGAIN, "cannot start a process");
    }
    run::Channel channel = run::make_channel();
    // A read that blocks here would block for ever: there is no other writer.
    const timeval patience{.tv_sec = 5, .tv_usec = 0};
    ::setsockopt(channel.ours.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const pid_t process = next_process_++;
    Child& made = children_[process];
    made.name = name;
    made.own_group = options.own_group;
    made.is_script = options.is_script;
    made.channel = std::move(channel.theirs);
    started_.push_back(name);
    if (const auto play = plays_.find(name); play != plays_.end()) play->second(process);
    return {process, std::move(channel.ours)};
  }

  std::optional<run::ProcessChange> find_change(pid_t process) override {
    Child& changed = child(process);
    if (changed.was_waited_for) throw std::logic_error("a process was waited for twice");
    if (changed.changes.empty()) return std::nullopt;
    const run::ProcessChange change = changed.changes.front();
    changed.changes.pop_front();
    if (change.kind == run::ProcessChange::Kind::ended) changed.was_waited_for = true;
    return change;
  }

  bool was_continued(pid_t process) override {
    const auto& changes = child(process).changes;
    return std::any_of(changes.begin(), changes.end(), [](const run::ProcessChange& change) {
      return change.kind != run::ProcessChange::Kind::stopped;
    });
  }

  std::optional<run::ExitStatus> wait_for_end(pid_t process) override {
    if (!child(process).is_ours) return std::nullopt;
    for (;;) {
      while (const auto change = find_change(process))
        if (change->kind == run::ProcessChange::Kind::ended) return change->status;
      if (!run_next(Time::max()))
        throw std::logic_error("waits for the end of " + child(process).name + " for ever");
    }
  }

  void send(pid_t process, int signal) override {
    sent_.push_back({process, signal});
    const pid_t to = std::abs(process);
    if (!is_running(to)) return;
    if (signal == SIGKILL) return end(to, {.status = 0, .signal = SIGKILL});
    if (const auto reaction = reactions_.find(signal); reaction != reactions_.end())
      reaction->second(to);
  }

  void kill_tree(pid_t process) override { kill_running(process); }

  void kill_scripts() override {
    for (auto& [process, child] : children_)
      if (child.is_script) kill_running(process);
  }

  std::optional<int> find_end_signal() const override {
    for (const run::ArrivedSignal& signal : arrived_)
      if (run::means_end(signal.number)) return signal.number;
    return std::nullopt;
  }

  int signals() const override { return signals_.get(); }

  std::optional<run::ArrivedSignal> take_signal() override {
    if (arrived_.empty()) return std::nullopt;
    const run::ArrivedSignal signal = arrived_.front();
    arrived_.pop_front();
    std::uint64_t count;
    if (arrived_.empty()) (void)!::read(signals_.get(), &count, sizeof count);
    return signal;
  }

  void stop_self(int signal) override {
    own_stops_.push_back(signal);
    if (while_stopped_) while_stopped_();
  }

  void restore_callers_signals() override {}

  Time now() const override { return now_; }

  bool poll(std::span<pollfd> events, Milliseconds timeout) override {
    const Time until = now_ + timeout;
    do {
      if (::poll(events.data(), events.size(), 0) > 0) return true;
    } while (run_next(until));
    now_ = until;
    if (elapsed() > std::chrono::hours(1)) throw std::logic_error("waits for ever");
    return false;
  }

 private:
  struct Child {
    std::string name;
    bool own_group = false, is_ours = true, is_script = false;
    FileDescriptor channel;
    std::vector<std::string> heard;
    std::deque<run::ProcessChange> changes;  // not yet reported
    bool has_ended = false, was_waited_for = false;
  };

  Child& child(pid_t process) { return children_.at(process); }

  void kill_running(pid_t process) {
    if (is_running(process)) end(process, {.status = 0, .signal = SIGKILL});
  }

  void change(pid_t process, const run::ProcessChange& change) {
    if (!child(process).is_ours) return;
    child(process).changes.push_back(change);
    arrive(SIGCHLD);
  }

  static void read_all(Child& child) {
    pollfd event{.fd = child.channel.get(), .events = POLLIN, .revents = 0};
    while (child.channel && ::poll(&event, 1, 0) > 0) {
      std::string text = run::receive_message(child.channel).text;
      if (text.empty()) return;
      child.heard.push_back(std::move(text));
    }
  }

  // Runs the next event of the plan, unless it is later than `until`.
  bool run_next(Time until) {
    if (plan_.empty() || plan_.begin()->first > until) return false;
    const auto next = plan_.extract(plan_.begin());
    now_ = std::max(now_, next.key());
    next.mapped()();
    return true;
  }

  const Time begin_{std::chrono::hours(1000)};
  Time now_ = begin_;
  pid_t next_process_ = 1001;
  std::map<pid_t, Child> children_;
  std::vector<std::string> started_;
  std::map<std::string, Play, std::less<>> plays_;
  std::map<std::string, unsigned> failures_;
  std::size_t start_count_ = 0, failing_start_ = 0;
  std::map<int, Play> reactions_;
  std::multimap<Time, std::function<void()>> plan_;
  std::function<void()> while_stopped_;
  std::deque<run::ArrivedSignal> arrived_;
  FileDescriptor signals_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::vector<Sent> sent_;
  std::vector<int> own_stops_;
};

}  // namespace grid::testing
