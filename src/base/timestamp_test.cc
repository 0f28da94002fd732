#include "base/timestamp.h"

#include <gtest/gtest.h>

namespace grid {
namespace {

TEST(Timestamp, EveryNanosecondComesBack) {
  for (std::int64_t ns :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{-1}, std::int64_t{-1'000'000'000},
        std::int64_t{-1'500'000'000}, std::int64_t{1'700'000'000'123'456'789}, first_timestamp,
        last_timestamp, first_timestamp + 1, last_timestamp - 1}) {
    const timespec time = timespec_of(ns);
    EXPECT_GE(time.tv_nsec, 0) << ns;
    EXPECT_LT(time.tv_nsec, 1'000'000'000) << ns;
    EXPECT_EQ(timestamp_of(time), ns);
    EXPECT_EQ(timestamp_of(time_point_of(ns)), ns);
  }
  EXPECT_EQ(timespec_of(-1).tv_sec, -1);
  EXPECT_EQ(timespec_of(-1).tv_nsec, 999'999'999);
}

TEST(Timestamp, TimesBeyondTheRangeBecomeItsEnds) {
  constexpr std::int64_t year_9999 = 253'402'300'799, year_2300 = 10'413'792'000;
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
  for (std::int64_t seconds : {year_9999, year_2300, std::int64_t{9'223'372'037}, -(least + 1)})
    EXPECT_EQ(timestamp_of(seconds, 5), last_timestamp) << seconds;
  for (std::int64_t seconds : {-year_9999, -year_2300, std::int64_t{-9'223'372'038}, least})
    EXPECT_EQ(timestamp_of(seconds, 5), first_timestamp) << seconds;
  EXPECT_TRUE(is_limit_of_timestamps(timestamp_of(year_2300)));
  EXPECT_FALSE(is_limit_of_timestamps(timestamp_of(0)));
  EXPECT_EQ(timestamp_of(9'223'372'036, 854'775'808), last_timestamp);
}

TEST(Timestamp, NanosecondsMayBeNegative) {
  EXPECT_EQ(timestamp_of(-1, -500'000'000), -1'500'000'000);
  EXPECT_EQ(timestamp_of(0, -500'000'000), -500'000'000);
  EXPECT_EQ(timestamp_of(-2, 500'000'000), -1'500'000'000);
}

}  // namespace
}  // namespace grid
