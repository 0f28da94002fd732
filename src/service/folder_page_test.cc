#include "service/folder_page.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/node.h"

namespace grid::service {
namespace {

class FolderPageTest : public ::testing::Test {
 protected:
  FolderPageTest() : store_(node_.open()) {
    testing::write_file(node_ / "source/a.txt", "four");
    testing::write_file(node_ / "source/b.jpg", "nine here");
    testing::write_file(node_ / "source/c.jpg", "1");
    testing::write_file(node_ / "source/d/e.jpg", "below");
    std::filesystem::create_symlink("a.txt", node_ / "source/link");
    node_.create(*store_, "cats", "source");
  }
  FolderPage read(const FolderPageRequest& request) {
    return pages_.read(open_version(*store_, {.name = "cats"}), request);
  }
  std::vector<std::string> names(const FolderPageRequest& request) {
    std::vector<std::string> names;
    for (const tree::EntryRef& entry : read(request).entries) names.emplace_back(entry.name());
    return names;
  }

  testing::Node node_;
  std::shared_ptr<dataset::OpenStore> store_;
  FolderPages pages_;
};

using Names = std::vector<std::string>;

TEST_F(FolderPageTest, GivesAnyPartOfAFolder) {
  EXPECT_EQ(names({}), (Names{"a.txt", "b.jpg", "c.jpg", "d", "link"}));
  EXPECT_EQ(names({.offset = 1, .count = 2}), (Names{"b.jpg", "c.jpg"}));
  EXPECT_EQ(names({.offset = 4, .count = 2}), Names{"link"});
  EXPECT_EQ(names({.offset = 5}), Names{});
  EXPECT_EQ(names({.offset = UINT64_MAX, .count = UINT64_MAX}), Names{});
  EXPECT_EQ(names({.count = 1, .descending = true}), Names{"link"});
  EXPECT_EQ(names({.path = "d"}), Names{"e.jpg"});
  EXPECT_THROW(read({.path = "a.txt"}), Error);
  EXPECT_THROW(read({.path = "x"}), Error);
}

TEST_F(FolderPageTest, CountsWhatMatches) {
  const FolderPage all = read({.count = 0});
  EXPECT_EQ(all.total, 5u);
  EXPECT_EQ(all.files, 3u);
  EXPECT_EQ(all.folders, 1u);
  const FolderPage some = read({.offset = 1, .pattern = "*.jpg"});
  EXPECT_EQ(some.total, 2u);
  EXPECT_EQ(some.entries.size(), 1u);
  EXPECT_EQ(read({.pattern = "none*"}).entries.size(), 0u);
}

TEST_F(FolderPageTest, SortsBySizeAndTimeAndKeepsTheOrderOfNames) {
  EXPECT_EQ(names({.sort = SortKey::size}), (Names{"d", "link", "c.jpg", "a.txt", "b.jpg"}));
  EXPECT_EQ(names({.count = 2, .sort = SortKey::size, .descending = true}),
            (Names{"b.jpg", "a.txt"}));
  EXPECT_EQ(names({.sort = SortKey::time, .pattern = "?.jpg"}).size(), 2u);
  EXPECT_EQ(names({.sort = SortKey::size, .pattern = "?.jpg"}), (Names{"c.jpg", "b.jpg"}));
}

TEST_F(FolderPageTest, IsWrittenAsADocument) {
  const std::string text = testing::line_of(read({.path = "d"}));
  EXPECT_EQ(text.substr(0, text.find("mtime")),
            R"({"name": "cats", "version": 1, "path": "d", "offset": 0, "total": 1, "files": 1, )"
            R"("folders": 0, "entries": [{"path": "d/e.jpg", "kind": "file", "size": 5, )"
            R"("executable": false, ")");
}

}  // namespace
}  // namespace grid::service
