#include "service/run_logs.h"

#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "tests/support/run_node.h"

namespace grid::service {
namespace {

using testing::expect_error;
using testing::RunNode;

void print(const run::RunFolder& folder, std::string_view text) {
  std::ofstream(folder.log(), std::ios::app | std::ios::binary) << text;
}

std::string read_all(RunLog& log) {
  std::string text;
  for (BytesView piece; !(piece = log.read_next()).empty();) text += as_text(piece);
  return text;
}

TEST(RunLog, IsReadFromAnyOffset) {
  const RunNode node;
  const run::PreparedRun run = node.record_run(node.request({"./train"}, "single"));
  RunLog log(node.settings(), "single");
  EXPECT_EQ(read_all(log), "");
  const std::string text(100'000, 'x');
  print(run.folder, text);
  EXPECT_EQ(read_all(log), text);
  print(run.folder, "more");
  EXPECT_EQ(read_all(log), "more");
  RunLog rest(node.settings(), "single", 99'999);
  EXPECT_EQ(read_all(rest), "xmore");
}

TEST(RunLog, IsThatOfOneExperimentOfASweep) {
  const RunNode node;
  node.record_run(node.request({"./train", "--lr=[1, 2]"}, "sweep"));
  expect_error(ErrorKind::invalid_argument, "for instance sweep-exp0",
               [&] { RunLog(node.settings(), "sweep"); });
  EXPECT_NO_THROW(RunLog(node.settings(), "sweep-exp1"));
}

TEST(RunLog, IsFollowedUntilTheRunIsOver) {
  const RunNode node;
  const run::PreparedRun run = node.record_run(node.request({"./train"}, "single"));
  FileLock supervisor = run.folder.become_supervisor();
  print(run.folder, "first ");
  RunLog log(node.settings(), "single");
  std::string text;
  for (int turn = 0;; ++turn) {
    text += read_all(log);
    // The run prints its last words after its log was read and before its state is.
    if (turn == 1) {
      print(run.folder, "last");
      supervisor = {};
    }
    if (!log.wait_for_more()) break;
  }
  EXPECT_EQ(text, "first last");
}

TEST(RunLog, IsNoLongerFollowedWhenToldToStop) {
  const RunNode node;
  const run::PreparedRun run = node.record_run(node.request({"./train"}, "single"));
  const FileLock supervisor = run.folder.become_supervisor();
  RunLog log(node.settings(), "single");
  std::atomic<bool> stop = false;
  EXPECT_TRUE(log.wait_for_more(&stop));
  stop = true;
  EXPECT_FALSE(log.wait_for_more(&stop));
}

}  // namespace
}  // namespace grid::service
