#include "run/run_books.h"

#include <gtest/gtest.h>

#include <csignal>

namespace grid::run {
namespace {

ReadVersion read(const std::string& name, std::uint64_t bytes) {
  return {.version = {name, 1}, .root = digest_of(as_bytes(name)), .bytes_read = bytes};
}

TEST(TakeReads, AddsVersionsThatWereNotAttachedByName) {
  RunRecord record;
  record.versions = {{.name = "dogs", .version = 1, .root = {}, .named = true}};
  EXPECT_TRUE(take_reads({read("cats", 5), read("dogs", 7)}, {}, record));
  ASSERT_EQ(record.versions.size(), 2u);
  EXPECT_EQ(record.versions[0].name, "cats");
  EXPECT_FALSE(record.versions[0].named);
  EXPECT_TRUE(record.versions[1].named);
  EXPECT_TRUE(record.versions[1].touched);
  EXPECT_EQ(record.versions[1].bytes_read, 7u);
  EXPECT_EQ(record.versions[1].root, digest_of(as_bytes("dogs")));
}

TEST(TakeReads, SaysWhetherAnythingIsNew) {
  RunRecord record;
  EXPECT_FALSE(take_reads({}, {}, record));
  EXPECT_TRUE(take_reads({read("cats", 0)}, {}, record));  // looked into
  EXPECT_FALSE(take_reads({read("cats", 0)}, {}, record));
  EXPECT_TRUE(take_reads({read("cats", 1)}, {}, record));
}

TEST(TakeReads, LeavesOutADetachedVersionUntilMoreOfItIsRead) {
  RunRecord record;
  const ReleasedVersions released = {{{"cats", 1}, 5}};
  EXPECT_FALSE(take_reads({read("cats", 5)}, released, record));
  EXPECT_TRUE(record.versions.empty());
  EXPECT_TRUE(take_reads({read("cats", 6)}, released, record));
  EXPECT_EQ(record.versions.size(), 1u);
}

TEST(StateAfter, IsDoneWhenTheScriptSucceedsEvenIfItWasToldToStop) {
  EXPECT_EQ(state_after({}, false), RunState::done);
  EXPECT_EQ(state_after({}, true), RunState::done);
  EXPECT_EQ(state_after({.status = 1}, false), RunState::failed);
  EXPECT_EQ(state_after({.status = 1}, true), RunState::stopped);
  EXPECT_EQ(state_after({.signal = SIGTERM}, false), RunState::failed);
  EXPECT_EQ(state_after({.signal = SIGTERM}, true), RunState::stopped);
}

TEST(SweepSum, IsDoneWhenEveryExperimentIs) {
  SweepSum sum;
  RunRecord experiment;
  experiment.state = RunState::done;
  experiment.used = {.user_seconds = 1, .system_seconds = 0.5, .memory_peak = 100};
  sum.add(experiment);
  EXPECT_EQ(sum.end(), ExitStatus{});
  experiment.used.memory_peak = 50;
  sum.add(experiment);
  EXPECT_EQ(sum.used(), (Resources{.user_seconds = 2, .system_seconds = 1, .memory_peak = 100}));
  experiment.state = RunState::stopped;
  sum.add(experiment);
  EXPECT_EQ(sum.end(), ExitStatus{.status = 1});
  experiment.state = RunState::done;
  sum.add(experiment);
  EXPECT_EQ(sum.end(), ExitStatus{.status = 1});
}

}  // namespace
}  // namespace grid::run
