#include "run/command_output.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace grid::run {
namespace {

TEST(CommandOutput, IsWhatTheProgramPrintsAndHowItEnds) {
  const CommandOutput result = run_command({"sh", "-c", "cat; echo err >&2; exit 3"}, "in\n");
  EXPECT_EQ(result.status, 3);
  EXPECT_EQ(result.output, "in\n");
  EXPECT_EQ(result.errors, "err\n");
}

TEST(CommandOutput, TellsAMissingProgramFromOneThatFails) {
  EXPECT_EQ(run_command({"/no/such/program"}).status, 127);
  EXPECT_EQ(run_command({"sh", "-c", "kill -9 $$"}).status, 137);
  EXPECT_EQ(run_command({"true"}, "not read").status, 0);
}

// SIGPIPE would end this process.
TEST(CommandOutput, AProgramThatReadsNothingDoesNotEndItsCallers) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([] {
      for (int turn = 0; turn < 20; ++turn) EXPECT_EQ(run_command({"true"}, "not read").status, 0);
    });
}

TEST(CommandOutput, MayBeLargeOnBothStreams) {
  const CommandOutput result = run_command({"sh", "-c", "seq 50000; seq 50000 >&2"});
  EXPECT_EQ(result.output.size(), 288894u);
  EXPECT_EQ(result.errors.size(), 288894u);
}

}  // namespace
}  // namespace grid::run
