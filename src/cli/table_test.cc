#include "cli/table.h"

#include <gtest/gtest.h>

namespace grid::cli {
namespace {

Table cats_and_dogs() {
  return {.columns = {{.title = "NAME", .may_shrink = true},
                      {.title = "FILES", .align = Align::right},
                      {.title = "MESSAGE", .may_shrink = true}},
          .rows = {{"cats", "10,100", "猫"}, {"dogs-and-more", "7", ""}}};
}

TEST(Table, AlignsItsColumnsAndEndsNoLineInBlanks) {
  EXPECT_EQ(cats_and_dogs().layout(80),
            "NAME            FILES  MESSAGE\n"
            "cats           10,100  猫\n"
            "dogs-and-more       7\n");
}

TEST(Table, CutsTheWidestThatMayShrink) {
  EXPECT_EQ(cats_and_dogs().layout(27),
            "NAME         FILES  MESSAGE\n"
            "cats        10,100  猫\n"
            "dogs-and-…       7\n");
}

TEST(Table, OverflowsRatherThanCutWhatMayNotShrink) {
  EXPECT_NE(cats_and_dogs().layout(5).find("10,100"), std::string::npos);
}

TEST(Table, LeavesOutAColumnWithoutContent) {
  Table table = cats_and_dogs();
  table.rows = {{"cats", "", "nine lives"}};
  EXPECT_EQ(table.layout(80), "NAME  MESSAGE\ncats  nine lives\n");
}

}  // namespace
}  // namespace grid::cli
