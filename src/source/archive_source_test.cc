#include "source/archive_source.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/text.h"
#include "source/open_source.h"
#include "source/zip_name.h"

namespace grid::source {
namespace {

TEST(ArchiveSource, PathsOfMembersBecomePathsOfAVersion) {
  EXPECT_EQ(path_of_member("a/b"), "a/b");
  EXPECT_EQ(path_of_member("./a//./b/"), "a/b");
  EXPECT_EQ(path_of_member("./"), "");
  EXPECT_EQ(path_of_member("..a/b..c/..."), "..a/b..c/...");
  for (const std::string& bad :
       {std::string("/a"), std::string(".."), std::string("a/.."), std::string("a/../b"),
        std::string("//"), std::string("a/b\0c", 5)})
    EXPECT_THROW(path_of_member(bad), Error) << bad;
}

TEST(ZipName, DecodesNamesInTheOldCodePage) {
  EXPECT_EQ(utf8_of_cp437("caf\x82 \x80\x9b\xe1\xf6\xb3"), "café Ç¢ß÷│");
  EXPECT_EQ(utf8_of_cp437("plain/\xff"), "plain/\u00a0");
}

TEST(ParseSource, APathComesBeforeAnEqualsSign) {
  EXPECT_EQ(parse_source("train/a=./b").place, "train/a");
  EXPECT_EQ(parse_source("train/a=./b").where, "./b");
  EXPECT_EQ(parse_source("./b").place, "");
  EXPECT_EQ(parse_source("a=b=c").where, "b=c");
  EXPECT_EQ(parse_source("https://host/x?y=z").place, "");
  EXPECT_EQ(parse_source("data=https://host/x?y=z").where, "https://host/x?y=z");
  EXPECT_THROW(parse_source("../up=./b"), Error);
  EXPECT_THROW(parse_source("=./b"), Error);
}

}  // namespace
}  // namespace grid::source
