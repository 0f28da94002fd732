#include "service/pace.h"

#include <gtest/gtest.h>

namespace grid::service {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr std::uint64_t mega = 1'000'000;

ProgressState after(std::uint64_t bytes, std::uint64_t unread = 0) {
  return {.bytes_done = bytes * mega,
          .bytes_total = 1000 * mega,
          .savings = Savings{.unread = unread * mega}};
}

TEST(FractionDone, CountsEmptyFilesAsWorkToo) {
  EXPECT_EQ(fraction_done({.files_done = 1, .files_total = 4}), 0.25);
  EXPECT_EQ(fraction_done({}), 0);
}

TEST(PaceMeter, IsExactForSteadyWork) {
  PaceMeter meter;
  Pace pace;
  for (int i = 1; i <= 50; ++i)
    pace = meter.look(Seconds(i), after(10 * static_cast<std::uint64_t>(i)));
  EXPECT_NEAR(pace.bytes_per_second, 10 * mega, 1);
  ASSERT_TRUE(pace.seconds_left);
  EXPECT_NEAR(*pace.seconds_left, 50, 0.001);
}

TEST(PaceMeter, PromisesNothingInTheFirstSeconds) {
  EXPECT_FALSE(PaceMeter().look(Seconds(1), after(100)).seconds_left);
}

TEST(PaceMeter, PromisesNothingWhileTheTotalGrows) {
  PaceMeter meter;
  ProgressState state = after(100);
  state.total_known = false;
  meter.look(Seconds(1), after(50));
  EXPECT_FALSE(meter.look(Seconds(10), state).seconds_left);
}

TEST(PaceMeter, PromisesNothingForWorkThatStalls) {
  PaceMeter meter;
  for (int i = 1; i <= 5; ++i) meter.look(Seconds(i), after(100));
  Pace pace;
  for (int i = 6; i <= 30; ++i) pace = meter.look(Seconds(i), after(100));
  EXPECT_FALSE(pace.seconds_left);
  EXPECT_EQ(pace.bytes_per_second, 0);
}

// A create that continues finds half of its files known in the first second.
TEST(PaceMeter, SoonForgetsAStartThatFoundEverythingKnown) {
  PaceMeter meter;
  meter.look(Seconds(1), after(500, 500));
  Pace pace;
  for (std::uint64_t i = 2; i <= 20; ++i)
    pace = meter.look(Seconds(static_cast<double>(i)), after(500 + 10 * (i - 1), 500));
  EXPECT_NEAR(pace.bytes_per_second, 10 * mega, 1);
  ASSERT_TRUE(pace.seconds_left);
  EXPECT_NEAR(*pace.seconds_left, 31, 0.001);
}

TEST(PaceMeter, CountsOnlyWhatWasReadAsSpeed) {
  PaceMeter meter;
  Pace pace;
  for (std::uint64_t i = 1; i <= 10; ++i)
    pace = meter.look(Seconds(static_cast<double>(i)), after(20 * i, 15 * i));
  EXPECT_NEAR(pace.bytes_per_second, 5 * mega, 1);
}

}  // namespace
}  // namespace grid::service
