#include "service/runs.h"

#include <gtest/gtest.h>

#include "service/run_readings.h"
#include "tests/support/run_node.h"

namespace grid::service {
namespace {

using testing::document_of;
using testing::expect_error;
using testing::RunNode;

std::vector<std::string> names_of(const std::vector<ObservedRun>& runs) {
  std::vector<std::string> names;
  for (const ObservedRun& run : runs) names.push_back(run.record.name);
  return names;
}

run::RunRecord ended_record() {
  run::RunRecord record;
  record.id = "2026-1";
  record.name = "baseline";
  record.command = {"train", "grid:cats"};
  record.resolved_command = {"train", "/datastores/cats/2"};
  record.folder = "/work";
  record.user = "ann";
  record.host = "box";
  record.store = "/store";
  record.mount_folder = "/datastores";
  record.created = "2026-11-22T21:54:45Z";
  record.started = "2026-11-22T21:54:46Z";
  record.ended = "2026-11-22T21:54:47Z";
  record.pid = 42;
  record.versions = {{.name = "cats", .version = 2, .named = true, .bytes_read = 3}};
  record.state = run::RunState::failed;
  record.end = run::ExitStatus{.status = 3};
  record.used = {.user_seconds = 0.5, .system_seconds = 0.25, .memory_peak = 1000};
  return record;
}

TEST(Runs, AreDocumentedWithEveryMember) {
  EXPECT_EQ(document_of(RunList{{{ended_record(), run::RunState::failed}}}), R"({
  "runs": [
    {
      "name": "baseline",
      "id": "2026-1",
      "status": "failed",
      "reason": null,
      "parent": null,
      "experiments": [],
      "parameters": {},
      "command": [
        "train",
        "grid:cats"
      ],
      "resolved_command": [
        "train",
        "/datastores/cats/2"
      ],
      "literal": false,
      "folder": "/work",
      "user": "ann",
      "host": "box",
      "executor": "local",
      "job": null,
      "pid": 42,
      "store": "/store",
      "mount_folder": "/datastores",
      "attach": "mount",
      "prefetch": "none",
      "versions": [
        {
          "name": "cats",
          "version": 2,
          "root": "0000000000000000000000000000000000000000000000000000000000000000",
          "named": true,
          "touched": false,
          "bytes_read": 3
        }
      ],
      "read_costs": {
        "request_count": 0,
        "request_ns": 0,
        "store_ns": 0,
        "store_bytes": 0,
        "unpack_ns": 0,
        "check_ns": 0,
        "cache_hit_bytes": 0,
        "cache_missed_bytes": 0,
        "remote_bytes": 0
      },
      "servers_replaced": 0,
      "created": "2026-11-22T21:54:45Z",
      "started": "2026-11-22T21:54:46Z",
      "ended": "2026-11-22T21:54:47Z",
      "exit_status": 3,
      "signal": null,
      "resources": {
        "user_seconds": 0.5,
        "system_seconds": 0.25,
        "memory_peak": 1000
      }
    }
  ]
}
)");
}

TEST(Runs, AreShownWithTheirExperiments) {
  const RunNode node;
  node.record_run(node.request({"./train", "--lr=[1, 2]"}, "sweep"));
  const ShownRun shown = show_run(node.settings(), "sweep");
  EXPECT_EQ(names_of(shown.experiments), (std::vector<std::string>{"sweep-exp0", "sweep-exp1"}));
  const std::string document = document_of(shown);
  EXPECT_NE(document.find("  \"experiment_runs\": [\n    {\n      \"name\": \"sweep-exp0\""),
            std::string::npos)
      << document;
  expect_error(ErrorKind::not_found, "did you mean sweep?",
               [&] { show_run(node.settings(), "sweeps"); });
}

TEST(Runs, AreListedNewestFirstAndASweepStandsForItsExperiments) {
  const RunNode node;
  node.record_run(node.request({"./train", "--lr=[1, 2]"}, "sweep"));
  node.record_run(node.request({"./train"}, "single"));
  EXPECT_EQ(names_of(newest_runs(node.settings()).runs),
            (std::vector<std::string>{"single", "sweep"}));
  EXPECT_EQ(names_of(newest_runs(node.settings(), 1).runs), std::vector<std::string>{"single"});
}

TEST(Runs, LiveWhileTheyAreSupervised) {
  const RunNode node;
  const run::PreparedRun run = node.record_run(node.request({"./train"}, "single"));
  EXPECT_EQ(live_runs(node.settings()).runs.size(), 0u);
  EXPECT_EQ(show_run(node.settings(), "single").run.state, run::RunState::lost);
  const FileLock supervisor = run.folder.become_supervisor();
  EXPECT_EQ(names_of(live_runs(node.settings()).runs), std::vector<std::string>{"single"});
}

TEST(RunReading, CountsTheNodesCacheAndTheStore) {
  run::RunRecord record;
  EXPECT_FALSE(find_reading(record));
  record.versions = {{.name = "cats", .version = 1, .bytes_read = 200}};
  record.costs = {.request_count = 3,
                  .request_ns = 100,
                  .store_ns = 40,
                  .store_bytes = 50,
                  .unpack_ns = 20,
                  .check_ns = 10};
  std::optional<RunReading> reading = find_reading(record);
  ASSERT_TRUE(reading);
  EXPECT_EQ(reading->wanted_bytes, 200u);
  EXPECT_EQ(reading->other_ns, 30u);
  EXPECT_FALSE(reading->cached_ratio);
  EXPECT_EQ(reading->amplification, 0.25);

  record.costs.cache_hit_bytes = 30;
  record.costs.cache_missed_bytes = 10;
  record.costs.remote_bytes = 100;
  reading = find_reading(record);
  EXPECT_EQ(reading->cached_ratio, 0.75);
  EXPECT_EQ(reading->amplification, 0.5);
}

}  // namespace
}  // namespace grid::service
