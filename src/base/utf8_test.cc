#include "base/utf8.h"

#include <gtest/gtest.h>

namespace grid {
namespace {

TEST(Utf8, KnowsUtf8FromOtherBytes) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("Kätzchen 猫 🐈"));
  EXPECT_FALSE(is_utf8("K\xe4tzchen"));
  EXPECT_FALSE(is_utf8("\xc0\xaf"));          // overlong
  EXPECT_FALSE(is_utf8("\xed\xa0\x80"));      // a surrogate
  EXPECT_FALSE(is_utf8("\xf4\x90\x80\x80"));  // beyond Unicode
  EXPECT_FALSE(is_utf8("\xe7\x8c"));          // cut short
  EXPECT_EQ(to_utf8("K\xe4tzchen"), "K\xef\xbf\xbdtzchen");
}

TEST(Utf8, TellsNamesInOldCodePages) {
  for (const char* text : {"", "plain", "caf\xc3\xa9", "\xe7\x8c\xab", "\xf0\x9f\x90\x88"})
    EXPECT_TRUE(is_utf8(text)) << text;
  for (const char* text :
       {"caf\x82", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\x80"})
    EXPECT_FALSE(is_utf8(text)) << text;
}

}  // namespace
}  // namespace grid
