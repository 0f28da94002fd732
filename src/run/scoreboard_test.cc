#include "run/scoreboard.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace grid::run {
namespace {

TEST(Scoreboard, ShowsWhatAnotherProcessCounts) {
  Scoreboard board;
  EXPECT_TRUE(board.versions().empty());
  const Digest root = digest_of(as_bytes("root"));
  const pid_t child = ::fork();
  if (child == 0) {
    board.counter({"dogs", 1}, root) += 5;
    board.counter({"cats", 2}, root) += 1;
    board.counter({"dogs", 1}, root) += 1ull << 40;
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(board.versions(), (std::vector<ReadVersion>{{{"cats", 2}, root, 1},
                                                        {{"dogs", 1}, root, (1ull << 40) + 5}}));
}

TEST(Scoreboard, HasRoomForMoreVersionsThanAnybodyReads) {
  Scoreboard board;
  for (dataset::VersionNumber number = 1; number <= 16'100; ++number)
    board.counter({"cats", number}, {}) += 1;
  EXPECT_EQ(board.versions().size(), 16'000u);
}

}  // namespace
}  // namespace grid::run
