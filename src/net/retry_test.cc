#include "net/retry.h"

#include <gtest/gtest.h>

#include <thread>

namespace grid::net {
namespace {

using std::chrono::milliseconds;

const RetryPolicy policy{.tries_max = 5,
                         .delay_first = milliseconds(100),
                         .delay_max = milliseconds(500),
                         .deadline = milliseconds(10'000)};

milliseconds longest_after(unsigned tries) {
  return delay_before_retry(policy, {.tries = tries, .chance = 1}).value();
}

TEST(RetryTest, DelaysDoubleUpToALimitAndAreSpread) {
  EXPECT_EQ(longest_after(1), milliseconds(100));
  EXPECT_EQ(longest_after(2), milliseconds(200));
  EXPECT_EQ(longest_after(3), milliseconds(400));
  EXPECT_EQ(longest_after(4), milliseconds(500));
  EXPECT_EQ(delay_before_retry(policy, {.tries = 3, .chance = 0.5}), milliseconds(200));
  EXPECT_EQ(delay_before_retry(policy, {.tries = 3, .chance = 0}), milliseconds(0));
}

TEST(RetryTest, EndsAfterTheLastTryAndAtTheDeadline) {
  EXPECT_FALSE(delay_before_retry(policy, {.tries = 5}));
  EXPECT_FALSE(
      delay_before_retry(policy, {.tries = 1, .elapsed = milliseconds(9'950), .chance = 1}));
  EXPECT_TRUE(
      delay_before_retry(policy, {.tries = 1, .elapsed = milliseconds(9'900), .chance = 1}));
}

TEST(RetryTest, WaitsAsLongAsTheServerAsksUnlessThatIsTooLong) {
  EXPECT_EQ(delay_before_retry(policy, {.tries = 1, .server_asks = milliseconds(3'000)}),
            milliseconds(3'000));
  EXPECT_FALSE(delay_before_retry(policy, {.tries = 1, .server_asks = milliseconds(60'000)}));
}

TEST(RetryTest, AServerThatIsNotThereMayGetLessPatience) {
  RetryPolicy hasty = policy;
  hasty.deadline_unreachable = milliseconds(1'000);
  const RetryState state{.tries = 1, .elapsed = milliseconds(2'000), .chance = 1};
  EXPECT_TRUE(delay_before_retry(hasty, state));
  RetryState unreachable = state;
  unreachable.reached = Reached::no_server;
  EXPECT_FALSE(delay_before_retry(hasty, unreachable));
  EXPECT_TRUE(delay_before_retry(policy, unreachable));
}

TEST(RetryTest, ANameThatIsNotFoundGetsTenSeconds) {
  const RetryPolicy usual;
  RetryState state{.tries = 9, .elapsed = milliseconds(11'000), .reached = Reached::no_server};
  EXPECT_TRUE(delay_before_retry(usual, state));
  state.reached = Reached::no_name;
  EXPECT_FALSE(delay_before_retry(usual, state));
  state.elapsed = milliseconds(4'000);
  EXPECT_TRUE(delay_before_retry(usual, state));
  EXPECT_FALSE(delay_before_retry({.deadline = milliseconds(3'000)}, state));
}

TEST(RetryTest, SaysWhyItGivesUp) {
  RetryBudget budget;
  RetryLoop asked({.deadline = milliseconds(2'000)}, budget);
  EXPECT_FALSE(asked.wait(milliseconds(600'000)));
  EXPECT_EQ(asked.why_no_more(),
            "; it asks to be left alone for 600 s, and the patience is 2.0 s: set "
            "GRID_PATIENCE=SECONDS to wait longer");
  RetryLoop often({.tries_max = 2, .delay_first = milliseconds(1)}, budget);
  EXPECT_TRUE(often.wait());
  EXPECT_FALSE(often.wait());
  EXPECT_EQ(often.why_no_more(), "; tried 2 times in 0.0 s");
}

TEST(RetryTest, AStopEndsEveryWait) {
  const auto stop = std::make_shared<WaitStop>();
  RetryBudget budget(100, stop);
  RetryLoop loop({.delay_first = milliseconds(100'000), .delay_max = milliseconds(100'000)},
                 budget);
  std::jthread stopping([&] { stop->stop(); });
  EXPECT_FALSE(loop.wait(milliseconds(100'000)));
  EXPECT_FALSE(loop.wait(milliseconds(100'000)));
}

TEST(RetryTest, WithoutBudgetEveryWaitIsLong) {
  EXPECT_EQ(delay_before_retry(policy, {.tries = 1, .budget_is_empty = true}), milliseconds(250));
  EXPECT_EQ(delay_before_retry(policy, {.tries = 1, .budget_is_empty = true, .chance = 1}),
            milliseconds(500));
}

TEST(RetryTest, ManyDoublingsDoNotOverflow) {
  RetryPolicy patient = policy;
  patient.tries_max = 1'000'000;
  EXPECT_EQ(delay_before_retry(patient, {.tries = 999'999, .chance = 1}), milliseconds(500));
}

TEST(RetryTest, TriesSpendTheBudgetAndSuccessRefillsIt) {
  RetryBudget budget(2);
  EXPECT_TRUE(budget.take());
  EXPECT_TRUE(budget.take());
  EXPECT_FALSE(budget.take());
  for (int i = 0; i < 11; ++i) budget.note_success();
  EXPECT_TRUE(budget.take());
  EXPECT_FALSE(budget.take());
}

TEST(RetryTest, KnowsWhichStatusesAnotherTryMayCure) {
  for (int status : {408, 425, 429, 500, 502, 503, 504}) EXPECT_TRUE(is_worth_a_retry(status));
  for (int status : {200, 206, 301, 400, 401, 403, 404, 405, 409, 412, 416, 501, 505})
    EXPECT_FALSE(is_worth_a_retry(status)) << status;
}

}  // namespace
}  // namespace grid::net
