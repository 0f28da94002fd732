#include "net/wait_watch.h"

#include <gtest/gtest.h>

#include <vector>

namespace grid::net {
namespace {

using std::chrono::seconds;

class WaitWatchTest : public ::testing::Test {
 protected:
  std::vector<std::string> told_;
  WaitWatch watch_{
      seconds(2), [this](const Wait& wait) {
        told_.push_back(wait.doing + (wait.trouble.empty() ? "" : ": ") + wait.trouble);
      }};
  const WaitWatch::Clock::time_point now_ = WaitWatch::Clock::now();
};

TEST_F(WaitWatchTest, TellsOfAWaitAfterAWhileAndThenLessAndLessOften) {
  WaitWatch::Request request(&watch_, "read a");
  watch_.look(now_ + seconds(1));
  EXPECT_TRUE(told_.empty());
  for (int second = 3; second < 60; ++second) watch_.look(now_ + seconds(second));
  EXPECT_EQ(told_, (std::vector<std::string>{"read a", "read a", "read a"}));
}

TEST_F(WaitWatchTest, ARequestThatGetsBytesIsNotWaiting) {
  WaitWatch::Request request(&watch_, "read a");
  for (int second = 1; second < 20; ++second) {
    watch_.note_bytes(1024, now_ + seconds(second));
    watch_.look(now_ + seconds(second));
  }
  EXPECT_TRUE(told_.empty());
}

TEST_F(WaitWatchTest, AFailedRequestIsWaitingEvenIfBytesCome) {
  WaitWatch::Request request(&watch_, "read a");
  request.failed("busy");
  watch_.note_bytes(1024, now_ + seconds(3));
  watch_.look(now_ + seconds(3));
  EXPECT_EQ(told_, std::vector<std::string>{"read a: busy"});
}

TEST_F(WaitWatchTest, AFewBytesAreNoProgress) {
  WaitWatch::Request request(&watch_, "read a");
  for (int second = 1; second < 5; ++second) {
    watch_.note_bytes(4, now_ + seconds(second));
    watch_.look(now_ + seconds(second));
  }
  EXPECT_EQ(told_, std::vector<std::string>{"read a"});
}

TEST_F(WaitWatchTest, ALongRequestOfManySaysHowFarItIs) {
  WaitWatch::Request request(&watch_, "list a");
  request.goes_on("3 pages");
  watch_.note_bytes(1 << 20, now_ + seconds(3));
  watch_.look(now_ + seconds(3));
  EXPECT_EQ(told_, std::vector<std::string>{"list a"});
}

TEST_F(WaitWatchTest, ForgetsEndedRequests) {
  { WaitWatch::Request request(&watch_, "read a"); }
  watch_.look(now_ + seconds(100));
  EXPECT_TRUE(told_.empty());
}

}  // namespace
}  // namespace grid::net
