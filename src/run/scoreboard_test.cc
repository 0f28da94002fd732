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

TEST(Scoreboard, ShowsWhatEachLayerCountsInAnotherProcess) {
  Scoreboard board;
  EXPECT_EQ(board.costs(), ReadCosts());
  const pid_t child = ::fork();
  if (child == 0) {
    board.request_costs().request_count = 1;
    board.request_costs().request_ns = 2;
    store::StoreCostCounters& store = board.read_costs().store;
    store.wait_ns = 3;
    store.read_bytes = 4;
    store.unpack_ns = 5;
    store.check_ns = 6;
    cache::CacheCostCounters& cache = board.read_costs().cache;
    cache.hit_bytes = 7;
    cache.missed_bytes = 8;
    cache.remote_bytes = 9;
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(board.costs(), (ReadCosts{.request_count = 1,
                                      .request_ns = 2,
                                      .store_ns = 3,
                                      .store_bytes = 4,
                                      .unpack_ns = 5,
                                      .check_ns = 6,
                                      .cache_hit_bytes = 7,
                                      .cache_missed_bytes = 8,
                                      .remote_bytes = 9}));
}

TEST(Scoreboard, ShowsTheFirst16000Versions) {
  Scoreboard board;
  for (dataset::VersionNumber number = 1; number <= 16'100; ++number)
    board.counter({"cats", number}, {}) += 1;
  EXPECT_EQ(board.versions().size(), 16'000u);
}

}  // namespace
}  // namespace grid::run
