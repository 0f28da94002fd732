#include "cli/text.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace grid::cli {
namespace {

TEST(Text, WritesSizesInDecimalUnitsWithOneDecimalWhereItMatters) {
  EXPECT_EQ(format_size(0), "0 B");
  EXPECT_EQ(format_size(999), "999 B");
  EXPECT_EQ(format_size(1000), "1.0 kB");
  EXPECT_EQ(format_size(11'240'000), "11.2 MB");
  EXPECT_EQ(format_size(99'949), "99.9 kB");
  EXPECT_EQ(format_size(99'951), "100 kB");
  EXPECT_EQ(format_size(999'499), "999 kB");
  EXPECT_EQ(format_size(999'500), "1.0 MB");
  EXPECT_EQ(format_size(1'100'000'000), "1.1 GB");
  EXPECT_EQ(format_size(~0ull), "18.4 EB");
}

TEST(Text, ReadsSizesAsPeopleWriteThem) {
  EXPECT_EQ(parse_size("0", "x"), 0u);
  EXPECT_EQ(parse_size("1000", "x"), 1000u);
  EXPECT_EQ(parse_size("12B", "x"), 12u);
  EXPECT_EQ(parse_size("1.5 GB", "x"), 1'500'000'000u);
  EXPECT_EQ(parse_size("200M", "x"), 200'000'000u);
  EXPECT_EQ(parse_size("4GiB", "x"), 4ull << 30);
  EXPECT_EQ(parse_size("4gi", "x"), 4ull << 30);
  EXPECT_EQ(parse_size("2tb", "x"), 2'000'000'000'000u);
  for (const char* text : {"", "GB", "-1", "1 XB", "1GBB", "1e30", "nan", "12 apples", "1.2.3"})
    EXPECT_THROW(parse_size(text, "x"), Error) << text;
}

TEST(Text, SeparatesThousandsInCounts) {
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(1000), "1,000");
  EXPECT_EQ(format_count(1234567), "1,234,567");
  EXPECT_EQ(format_count(1, "file"), "1 file");
  EXPECT_EQ(format_count(10100, "file"), "10,100 files");
}

TEST(Text, WritesLongDurationsInLargerUnits) {
  using std::chrono::milliseconds;
  EXPECT_EQ(format_duration(milliseconds(310)), "0.31 s");
  EXPECT_EQ(format_duration(milliseconds(12'340)), "12.3 s");
  EXPECT_EQ(format_duration(milliseconds(125'000)), "2 min 05 s");
  EXPECT_EQ(format_duration(milliseconds(7'260'000)), "2 h 01 min");
}

TEST(Text, LeavesTextThatIsNoTimeAsItIs) {
  EXPECT_EQ(format_time("yesterday"), "yesterday");
  EXPECT_EQ(format_time("2026-11-22T21:54:45Z").size(), std::string("2026-11-22 21:54").size());
}

TEST(Text, EscapesNamesSoThatNoTwoLookAlike) {
  EXPECT_EQ(escape_name("plain name.jpg"), "plain name.jpg");
  EXPECT_EQ(escape_name("two\nlines"), "two\\nlines");
  EXPECT_EQ(escape_name("two\\nlines"), "two\\\\nlines");
  EXPECT_EQ(escape_name("\x1b[31mred"), "\\x1b[31mred");
  EXPECT_EQ(escape_name("K\xe4tzchen 猫"), "K\\xe4tzchen 猫");
  EXPECT_EQ(escape_controls("C:\\a\r"), "C:\\a\\x0d");
  EXPECT_EQ(escape_controls("\x7f\xc2\x9b"
                            "31m"),
            "\\x7f\\xc2\\x9b31m");
  EXPECT_EQ(escape_all_but_layout("a\tb\n\x1b]0;c\a\r\x9b"), "a\tb\n\\x1b]0;c\\x07\\x0d\\x9b");
}

TEST(Text, MeasuresAndCutsByColumns) {
  EXPECT_EQ(display_width("猫 cat"), 6u);
  EXPECT_EQ(display_width("e\u0301"), 1u);
  EXPECT_EQ(fit("kittens", 7), "kittens");
  EXPECT_EQ(fit("kittens", 4), "kit…");
  EXPECT_EQ(fit("猫猫猫", 4), "猫…");
}

TEST(Text, ReadsCounts) {
  EXPECT_EQ(parse_count("10000", "x"), 10'000u);
  for (const char* bad : {"", "-1", "1k", "99999999999999999999"})
    EXPECT_THROW(parse_count(bad, "x"), Error) << bad;
}

}  // namespace
}  // namespace grid::cli
