#include "source/tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace grid::source {
namespace {

TEST(Tree, AFolderComesBeforeItsSubtreeAndThatBeforeItsSiblings) {
  std::vector<std::string> folders = {"",    "a",   "a/b", "a/b/c", "a/c", "a/\x01",
                                      "a b", "a-b", "a.b", "ab",    "b",   "\xff"};
  std::vector<std::string> expected = {"",    "a",   "a/\x01", "a/b", "a/b/c", "a/c",
                                       "a b", "a-b", "a.b",    "ab",  "b",     "\xff"};
  std::sort(folders.begin(), folders.end(),
            [](const auto& a, const auto& b) { return compare_folders(a, b) < 0; });
  EXPECT_EQ(folders, expected);
}

TEST(Tree, OrderIsAntisymmetric) {
  std::vector<std::string> folders = {"", "a", "a/b", "a-b", "\xff", "a/\xff", "ab"};
  for (const auto& a : folders)
    for (const auto& b : folders) {
      EXPECT_EQ(compare_folders(a, b) < 0, compare_folders(b, a) > 0);
      EXPECT_EQ(compare_folders(a, b) == 0, a == b);
    }
}

TEST(Tree, NamesAreAnyBytesExceptSlashAndNul) {
  for (std::string_view good : {"a", "...", " ", "\n", "\xff\xfe", "a\\b", "-rf"})
    EXPECT_TRUE(is_valid_name(good)) << good;
  for (std::string_view bad : {std::string_view(""), std::string_view("."), std::string_view(".."),
                               std::string_view("a/b"), std::string_view("a\0b", 3)})
    EXPECT_FALSE(is_valid_name(bad)) << bad;
}

TEST(Tree, TextsOfObjectsCannotBecomeHeadersOfTheirOwn) {
  const ObjectRef good{"bucket", "a key\nwith odd bytes", "\"0123-4\"", "v.1"};
  EXPECT_EQ(why_object_is_refused(fields_of(good)), "");
  for (std::string_view etag : {"\"a\"", "\"a'/~!\"", "a-1"})
    EXPECT_TRUE(is_valid_etag(etag)) << etag;
  for (std::string_view etag : {"", "\"", "\"\"", "a\"", "\"a", "\"a\"b\"", "\"a b\"", "W/\"a\"",
                                "\"a\r\nX-Evil: 1\"", "\"\x7f\"", "\"\xe9\""})
    EXPECT_FALSE(is_valid_etag(etag)) << etag;
  for (std::string ObjectRef::*text :
       {&ObjectRef::bucket, &ObjectRef::key, &ObjectRef::etag, &ObjectRef::version_id}) {
    ObjectRef bad = good;
    bad.*text += std::string("x\r\n\0", 4);
    EXPECT_NE(why_object_is_refused(fields_of(bad)), "") << bad.*text;
    bad.*text = std::string(1025, 'x');
    EXPECT_EQ(why_object_is_refused(fields_of(bad)).empty(),
              text == &ObjectRef::etag || text == &ObjectRef::version_id);
  }
}

}  // namespace
}  // namespace grid::source
