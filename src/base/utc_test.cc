#include "base/utc.h"

#include <gtest/gtest.h>

namespace grid {
namespace {

using std::chrono::system_clock;

TEST(Utc, IsParsedWithAndWithoutFractions) {
  EXPECT_EQ(parse_rfc3339("1970-01-02T00:00:01Z"),
            system_clock::time_point(std::chrono::seconds(86401)));
  EXPECT_EQ(*parse_rfc3339("1970-01-01T00:00:00.25Z") - *parse_rfc3339("1970-01-01T00:00:00Z"),
            std::chrono::milliseconds(250));
  for (const char* text : {"", "1970-01-01", "1970-01-01T00:00:00", "1970-01-01T00:00:00.Zx",
                           "1970-01-01T00:00:00+01:00", "yesterday"})
    EXPECT_FALSE(parse_rfc3339(text)) << text;
}

TEST(Utc, IsReadAsItIsWritten) {
  const system_clock::time_point then(std::chrono::seconds(1'000'000'000));
  EXPECT_EQ(format_rfc3339(then), "2001-09-09T01:46:40Z");
  EXPECT_EQ(parse_rfc3339(format_rfc3339(then)), then);
  EXPECT_EQ(format_utc(then, "%Y%m%d-%H%M%S"), "20010909-014640");
}

TEST(Utc, TimesJustBefore1970AreIn1969) {
  const auto before = *parse_rfc3339("1969-12-31T23:59:59.5Z");
  EXPECT_EQ(before, system_clock::time_point(std::chrono::milliseconds(-500)));
  EXPECT_EQ(format_rfc3339(before), "1969-12-31T23:59:59Z");
}

TEST(Utc, ATimeThatIsTooFarAwayIsTheLastOne) {
  EXPECT_EQ(parse_rfc3339("9999-12-31T23:59:59Z"), system_clock::time_point::max());
  EXPECT_EQ(format_rfc3339(system_clock::time_point::max()), "2262-04-11T23:47:16Z");
  EXPECT_EQ(format_rfc3339(system_clock::time_point::min()), "1677-09-21T00:12:43Z");
}

TEST(Utc, KnowsTheTimesOfRecords) {
  for (const char* good :
       {"2026-11-22T21:54:45Z", "1970-01-01T00:00:00.25Z", "2024-02-29T23:59:60Z"})
    EXPECT_TRUE(is_rfc3339_utc(good)) << good;
  for (const char* bad :
       {"", "Z", "2026-11-22T21:54:45", "2026-11-22 21:54:45Z", "2026-13-22T21:54:45Z",
        "2026-11-31T21:54:45Z", "2026-11-22T24:54:45Z", "2026-11-22T21:54:45.Z",
        "2026-11-22T21:54:45+00:00", "2026-1-22T21:54:45Z", "2026-11-22T21:54:45.5xZ"})
    EXPECT_FALSE(is_rfc3339_utc(bad)) << bad;
}

}  // namespace
}  // namespace grid
