#include "base/text.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace grid {
namespace {

TEST(Text, IsTrimmedAtBothEnds) {
  EXPECT_EQ(trimmed(" \t a b\r\n"), "a b");
  EXPECT_EQ(trimmed(" \n"), "");
  EXPECT_EQ(trimmed(""), "");
  EXPECT_EQ(trimmed(" a\n", " "), "a\n") << "only the blanks that were given";
}

TEST(Text, LowerCaseIsThatOfAscii) {
  EXPECT_EQ(lower_case("@AZ[`az{ \xc3\x84"), "@az[`az{ \xc3\x84");
  EXPECT_EQ(lower_case(""), "");
}

TEST(Text, IsTakenUpToAnEnd) {
  std::string_view text = "a//bc";
  EXPECT_EQ(take_until(text, '/'), "a");
  EXPECT_EQ(take_until(text, '/'), "");
  EXPECT_EQ(take_until(text, '/'), "bc");
  EXPECT_EQ(text, "");
  EXPECT_EQ(take_until(text, '/'), "");
  text = "a/";
  EXPECT_EQ(take_until(text, '/'), "a");
  EXPECT_EQ(text, "");
}

TEST(Text, SplitsAPathIntoFolderAndName) {
  using Parts = std::pair<std::string_view, std::string_view>;
  EXPECT_EQ(split_path("a/b/c"), Parts("a/b", "c"));
  EXPECT_EQ(split_path("c"), Parts("", "c"));
  EXPECT_EQ(split_path("/c"), Parts("", "c"));
  EXPECT_EQ(split_path("a/"), Parts("a", ""));
}

TEST(Text, IsANumberOnlyAsAWhole) {
  EXPECT_EQ(parse_number<std::uint64_t>("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(parse_number<int>("-7"), -7);
  EXPECT_EQ(parse_number<double>("2.5e1"), 25);
  EXPECT_EQ(parse_number<int>("007"), 7);
  for (const char* text : {"", " 1", "1 ", "+1", "1k", "0x1", "99999999999"})
    EXPECT_FALSE(parse_number<int>(text)) << text;
  EXPECT_FALSE(parse_number<unsigned>("-1"));
}

TEST(Text, TellsUtf8FromOtherBytes) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("Kätzchen 猫 🐈"));
  EXPECT_FALSE(is_utf8("K\xe4tzchen"));
  EXPECT_FALSE(is_utf8("\xc0\xaf"));          // overlong
  EXPECT_FALSE(is_utf8("\xed\xa0\x80"));      // a surrogate
  EXPECT_FALSE(is_utf8("\xf4\x90\x80\x80"));  // beyond Unicode
  EXPECT_FALSE(is_utf8("\xe7\x8c"));          // cut short
  EXPECT_EQ(to_utf8("K\xe4tzchen"), "K\xef\xbf\xbdtzchen");
}

TEST(Text, QuotesWordsForAShell) {
  EXPECT_EQ(shell_word("/mnt/cats:3"), "/mnt/cats:3");
  EXPECT_EQ(shell_word("my cats"), "'my cats'");
  EXPECT_EQ(shell_word("cat's"), "'cat'\\''s'");
  EXPECT_EQ(shell_word(""), "''");
}

}  // namespace
}  // namespace grid
