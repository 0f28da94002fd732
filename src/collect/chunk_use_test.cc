#include "collect/chunk_use.h"

#include <gtest/gtest.h>

#include "tests/support/memory_backend.h"
#include "tests/support/small_tree.h"

namespace grid::collect {
namespace {

class ChunkUseTest : public ::testing::Test {
 protected:
  Digest tree(const std::set<std::string>& contents) {
    return testing::write_small_tree(*store_, contents).root;
  }

  const std::shared_ptr<testing::MemoryBackend> memory_ =
      std::make_shared<testing::MemoryBackend>();
  const std::shared_ptr<dataset::OpenStore> store_ =
      dataset::open_store(memory_, {.make_if_absent = true});
};

TEST_F(ChunkUseTest, TellsWhatAGroupNeedsAlone) {
  const Digest one = tree({"a", "b"}), other = tree({"a", "c"}), third = tree({"d"});
  ChunkUse use(*store_);
  use.begin_group();
  use.add(one);
  use.add(one);  // counts once
  const GroupUse before = use.groups()[0];
  EXPECT_GT(before.needed, 0u);
  EXPECT_EQ(before.alone, before.needed);
  EXPECT_EQ(use.needed_in_all(), before.needed);

  use.begin_group();
  use.add(other);
  use.begin_group();
  use.add(third);
  const std::vector<GroupUse>& groups = use.groups();
  ASSERT_EQ(groups.size(), 3u);
  EXPECT_EQ(groups[0].needed, before.needed);
  const std::uint64_t shared = groups[0].needed - groups[0].alone;
  EXPECT_GT(shared, 0u);
  EXPECT_EQ(groups[1].needed - groups[1].alone, shared);
  EXPECT_EQ(groups[2].alone, groups[2].needed);
  EXPECT_EQ(use.needed_in_all(), groups[0].needed + groups[1].alone + groups[2].needed);
}

TEST_F(ChunkUseTest, CountsOnlyWhatIsKnown) {
  const Digest one = tree({"a", "b"}), other = tree({"a", "c"}), third = tree({"d"});
  ChunkUse use(*store_);
  use.begin_group();
  use.add(one);
  for (const Digest& root : {other, third, one}) {
    use.begin_group();
    use.add(root, Counted::known);
  }
  const std::vector<GroupUse>& groups = use.groups();
  EXPECT_GT(groups[1].needed, 0u);
  EXPECT_LT(groups[1].needed, groups[0].needed);
  EXPECT_EQ(groups[2].needed, 0u);
  EXPECT_EQ(groups[3].needed, groups[0].needed);
  EXPECT_EQ(groups[0].alone, 0u);
  EXPECT_EQ(use.needed_in_all(), groups[0].needed);
}

}  // namespace
}  // namespace grid::collect
