// Many threads of one server call the functions for runs, all with the same settings.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <fstream>
#include <thread>

#include "service/run_artifacts.h"
#include "service/run_logs.h"
#include "service/run_stops.h"
#include "service/sessions.h"
#include "service/uses.h"
#include "tests/support/run_node.h"

namespace grid::service {
namespace {

using testing::document_of;
using testing::expect_error;
using testing::RunNode;

constexpr int thread_count = 6;

template <class Work>
void at_once(const Work& work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < thread_count; ++i) threads.emplace_back([&work, i] { work(i); });
  for (std::thread& thread : threads) thread.join();
}

bool lists(const std::vector<ObservedRun>& runs, const std::string& name) {
  return std::any_of(runs.begin(), runs.end(),
                     [&](const ObservedRun& run) { return run.record.name == name; });
}

// Follows one run from its request to what is known of it when it is over.
void see_a_run_through(const RunNode& node, const std::string& name) {
  const Settings& settings = node.settings();
  const run::PreparedRun run =
      node.record_run(node.request({"./train", "grid:cats", "--lr=[1, 2]"}, name));
  EXPECT_EQ(run.record.pins.at("cats"), 2u);
  {
    const FileLock supervisor = run.folder.become_supervisor();
    EXPECT_TRUE(lists(live_runs(settings).runs, name));
    expect_error(ErrorKind::unavailable, "cats:2 is in use by the run", [&] {
      refuse_if_used(settings, node.store(), "cats", {2}, "nothing was deleted");
    });
  }
  EXPECT_FALSE(lists(live_runs(settings).runs, name));
  EXPECT_TRUE(lists(newest_runs(settings).runs, name));
  EXPECT_TRUE(lists(find_runs_using(settings, node.store(), "cats", 2), name));
  EXPECT_NE(document_of(show_run(settings, name)).find(name + "-exp1"), std::string::npos);

  const std::string experiment = name + "-exp0";
  testing::write_file(node.runs().folder_of(experiment).log(), name);
  RunLog log(settings, experiment);
  EXPECT_EQ(as_text(log.read_next()), name);
  testing::write_file(node.runs().folder_of(experiment).artifacts() / "model", name);
  EXPECT_EQ(list_artifacts(settings, experiment, "^mod").artifacts.size(), 1u);

  expect_error(ErrorKind::unavailable, "is not running", [&] { stop_run(settings, name, {}); });
  expect_error(ErrorKind::unavailable, "is a run, not a session",
               [&] { get_session(settings, name); });
  EXPECT_TRUE(live_sessions(settings).sessions.empty());
}

TEST(ConcurrentRuns, AreHandledByManyThreads) {
  const RunNode node;
  at_once([&](int thread) {
    for (int i = 0; i < 5; ++i) see_a_run_through(node, fmt::format("run-{}-{}", thread, i));
  });
  EXPECT_EQ(newest_runs(node.settings()).runs.size(), 5u * thread_count);
}

TEST(ConcurrentRuns, GetDifferentNames) {
  const RunNode node;
  std::atomic<int> made = 0;
  at_once([&](int) {
    try {
      node.record_run(node.request({"./train"}, "wanted"));
      ++made;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::already_exists) << error.what();
    }
  });
  EXPECT_EQ(made, 1);
}

TEST(ConcurrentRuns, ShowUsersThatComeAndGo) {
  const RunNode node;
  at_once([&](int thread) {
    const std::string label = fmt::format("/mnt/{}", thread);
    for (int i = 0; i < 10; ++i) {
      const run::LiveAttachment mount(node.settings().attachment_folder,
                                      {.kind = run::AttachmentKind::mount,
                                       .label = label,
                                       .store_id = node.store().marker.store_id,
                                       .versions = {{"cats", 1}}});
      const std::vector<run::Attachment> users = find_users(node.settings(), node.store(), "cats");
      EXPECT_TRUE(std::any_of(users.begin(), users.end(),
                              [&](const run::Attachment& user) { return user.label == label; }));
    }
  });
  EXPECT_TRUE(find_users(node.settings(), node.store(), "cats").empty());
}

TEST(ConcurrentRuns, AreStartedFollowedAndStoppedAsJobs) {
  const RunNode node;
  const std::string program = node.add_script("grid", "exec >&-; echo hello >&2; exec sleep 60");
  at_once([&](int thread) {
    const std::string name = fmt::format("job-{}", thread);
    run::PreparedRun run =
        prepare_run(node.settings(), node.store(), node.request({"./train", "grid:cats"}, name));
    start_job(node.settings(), std::move(run), {.program = program});
    RunLog log(node.settings(), name);
    std::string text;
    do {
      for (BytesView piece; !(piece = log.read_next()).empty();) text += as_text(piece);
      const run::RunState state = show_run(node.settings(), name).run.state;
      if (text == "hello\n" && state == run::RunState::running) {
        EXPECT_EQ(stop_run(node.settings(), name, {}).state, run::RunState::stopped);
      }
    } while (log.wait_for_more());
    EXPECT_EQ(text, "hello\n");
  });
  EXPECT_EQ(newest_runs(node.settings()).runs.size(), std::size_t{thread_count});
  while (::waitpid(-1, nullptr, 0) > 0) continue;  // the jobs were children of this process
}

}  // namespace
}  // namespace grid::service
