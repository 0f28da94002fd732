#include "service/run_stops.h"

#include <gtest/gtest.h>

#include "service/run_starts.h"
#include "service/runs.h"
#include "tests/support/run_node.h"

namespace grid::service {
namespace {

using testing::document_of;
using testing::expect_error;
using testing::RunNode;

// A job that stands in for a supervisor: it sleeps for a minute.
StartedJob start(const RunNode& node, const std::string& name, std::string_view first = ":") {
  const std::string program =
      node.add_script("grid", std::string(first) + "; exec >&-; exec sleep 60");
  run::PreparedRun run = prepare_run(node.settings(), node.store(), node.request({"sh"}, name));
  return start_job(node.settings(), std::move(run), {.program = program});
}

TEST(RunStop, EndsAJob) {
  const RunNode node;
  start(node, "single");
  EXPECT_EQ(live_runs(node.settings()).runs.size(), 1u);
  const StoppedRun stopped = stop_run(node.settings(), "single", {});
  EXPECT_EQ(document_of(stopped), "{\n  \"name\": \"single\",\n  \"status\": \"stopped\"\n}\n");
  EXPECT_TRUE(live_runs(node.settings()).runs.empty());
  expect_error(ErrorKind::unavailable, "single is not running",
               [&] { stop_run(node.settings(), "single", {}); });
}

TEST(RunStop, KillsAJobThatDoesNotEndInTime) {
  const RunNode node;
  start(node, "deaf", "trap '' TERM");
  std::string killed;
  const StoppedRun stopped = stop_run(node.settings(), "deaf",
                                      {.patience = std::chrono::seconds(0),
                                       .on_kill = [&](const std::string& name) { killed = name; }});
  EXPECT_EQ(killed, "deaf");
  EXPECT_EQ(stopped.state, run::RunState::stopped);
}

TEST(RunStop, WaitsNoLongerWhenToldToStop) {
  const RunNode node;
  start(node, "deaf", "trap '' TERM");
  const std::atomic<bool> stop = true;
  EXPECT_EQ(stop_run(node.settings(), "deaf", {.stop = &stop}).state, run::RunState::running);
  stop_run(node.settings(), "deaf", {.patience = std::chrono::seconds(0)});
}

}  // namespace
}  // namespace grid::service
