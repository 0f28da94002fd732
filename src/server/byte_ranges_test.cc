#include "server/byte_ranges.h"

#include <gtest/gtest.h>

namespace grid::server {
namespace {

using Spans = std::vector<Span>;

TEST(ByteRanges, AreCutOffAtTheEndOfTheBody) {
  EXPECT_EQ(parse_ranges("bytes=0-0", 10), (Spans{{0, 1}}));
  EXPECT_EQ(parse_ranges("bytes=2-", 10), (Spans{{2, 8}}));
  EXPECT_EQ(parse_ranges("bytes=2-99", 10), (Spans{{2, 8}}));
  EXPECT_EQ(parse_ranges("bytes=-3", 10), (Spans{{7, 3}}));
  EXPECT_EQ(parse_ranges("bytes=-30", 10), (Spans{{0, 10}}));
  EXPECT_EQ(parse_ranges("bytes=0-1, 8-9,4-4", 10), (Spans{{0, 2}, {8, 2}, {4, 1}}));
  EXPECT_EQ(parse_ranges("bytes=1-2,", 10), (Spans{{1, 2}}));
  EXPECT_EQ(parse_ranges("bytes=0-18446744073709551615", 10), (Spans{{0, 10}}));
}

TEST(ByteRanges, OutsideOfTheBodyAreLeftOut) {
  EXPECT_EQ(parse_ranges("bytes=10-", 10), Spans{});
  EXPECT_EQ(parse_ranges("bytes=10-20,1-1", 10), (Spans{{1, 1}}));
  EXPECT_EQ(parse_ranges("bytes=-0", 10), Spans{});
  EXPECT_EQ(parse_ranges("bytes=0-", 0), Spans{});
}

TEST(ByteRanges, ThatAreMalformedAreIgnored) {
  for (const char* header :
       {"", "bytes", "bytes=", "bytes=-", "bytes=1", "bytes=2-1", "bytes=a-b", "bytes=1-2-3",
        "lines=1-2", "bytes=+1-2", "bytes=0-99999999999999999999"})
    EXPECT_EQ(parse_ranges(header, 10), std::nullopt) << header;
  std::string many = "bytes=0-0";
  for (std::size_t i = 0; i < ranges_max; ++i) many += ",0-0";
  EXPECT_EQ(parse_ranges(many, 10), std::nullopt);
}

}  // namespace
}  // namespace grid::server
