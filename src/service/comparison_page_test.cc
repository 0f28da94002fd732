#include "service/comparison_page.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/node.h"

namespace grid::service {
namespace {

class ComparisonPageTest : public ::testing::Test {
 protected:
  ComparisonPageTest() : store_(node_.open()) {
    testing::write_file(node_ / "source/a/b/1", "one");
    testing::write_file(node_ / "source/a/2", "two");
    testing::write_file(node_ / "source/top", "three");
    node_.create(*store_, "cats", "source");
    testing::write_file(node_ / "source/a/b/1", "changed");
    testing::write_file(node_ / "source/a/b/new", "new");
    testing::write_file(node_ / "source/ab", "beside a");
    std::filesystem::remove(node_ / "source/top");
    node_.create(*store_, "cats", "source");
  }
  std::shared_ptr<const Comparison> compare() {
    return comparisons_.compare(*store_, {.name = "cats", .version = 1},
                                {.name = "cats", .version = 2});
  }

  testing::Node node_;
  std::shared_ptr<dataset::OpenStore> store_;
  Comparisons comparisons_;
};

TEST_F(ComparisonPageTest, IsOneComparisonForAllItsParts) {
  EXPECT_EQ(compare(), compare());
  const ComparisonPage all = page_of(compare(), std::nullopt, 0, 1000);
  EXPECT_EQ(all.total, all.changes.size());
  EXPECT_EQ(all.total, compare()->changes.size());
  const ComparisonPage part = page_of(compare(), std::nullopt, 1, 1);
  ASSERT_EQ(part.changes.size(), 1u);
  EXPECT_EQ(part.changes[0], &compare()->changes[1]);
  EXPECT_EQ(part.total, all.total);
  const ComparisonPage removed = page_of(compare(), tree::ChangeKind::removed, 0, 1000);
  ASSERT_EQ(removed.total, 1u);
  EXPECT_EQ(removed.changes[0]->path, "top");
  EXPECT_EQ(page_of(compare(), std::nullopt, UINT64_MAX, 1).changes.size(), 0u);
}

TEST_F(ComparisonPageTest, AFolderHasItsOwnChangesAndCountsBelow) {
  const ComparedFolder top = folder_of(compare(), "", 0, 1000);
  EXPECT_EQ(top.totals.removed, 1u);
  EXPECT_EQ(top.totals.added, 2u);
  ASSERT_EQ(top.folders.size(), 1u);
  const auto& [path, totals] = *top.folders.begin();
  EXPECT_EQ(path, "a");
  EXPECT_EQ(totals.added, 1u);
  const ComparedFolder a = folder_of(compare(), "a", 0, 1000);
  EXPECT_EQ(a.totals.added, 1u) << "a beside ab";
  EXPECT_EQ(a.totals.old_size, 3u);       // one
  EXPECT_EQ(a.totals.new_size, 7u + 3u);  // changed, new
  EXPECT_EQ(a.folders.begin()->second.new_size, 10u);
  EXPECT_EQ(top.totals.old_size, 3u + 5u);  // and three, which is gone
  ASSERT_EQ(a.folders.size(), 1u);
  EXPECT_EQ(a.folders.begin()->first, "a/b");
  const ComparedFolder b = folder_of(compare(), "a/b", 0, 1);
  EXPECT_EQ(b.total, 2u);
  ASSERT_EQ(b.changes.size(), 1u);
  EXPECT_EQ(b.changes[0]->path, "a/b/1");
}

TEST_F(ComparisonPageTest, IsWrittenAsADocument) {
  EXPECT_EQ(testing::line_of(folder_of(compare(), "a/b", 1, 1)),
            R"({"older": "cats:1", "newer": "cats:2", "path": "a/b", "totals": {"added": 1, )"
            R"("removed": 0, "changed": 1, "renamed": 0}, "old_size": 3, "new_size": 10, )"
            R"("folders": [], "offset": 1, "total": 2, )"
            R"("changes": [{"change": "added", "path": "a/b/new", "kind": "file", "old_size": 0, )"
            R"("new_size": 3, "content_changed": false}]})"
            "\n");
}

}  // namespace
}  // namespace grid::service
