#include "tree/diff.h"

#include <gtest/gtest.h>

#include "tests/support/random_bytes.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/test_store.h"

namespace grid::tree {
namespace {

using testing::write_file;

TEST(Diff, NamesWhatWasAddedRemovedChangedAndRenamed) {
  testing::TemporaryFolder folder;
  auto store = testing::open_test_store();
  for (int i = 0; i < 50; ++i) write_file(folder / "s" / std::to_string(i), std::to_string(i));
  write_file(folder / "s/old-name", testing::random_bytes(1000, 1));
  auto first = store->manifest(testing::create_version(*store, folder / "s").record);
  write_file(folder / "s/7", "seven!");
  std::filesystem::remove(folder / "s/8");
  write_file(folder / "s/new", "new");
  std::filesystem::create_directories(folder / "s/sub");
  std::filesystem::rename(folder / "s/old-name", folder / "s/sub/new-name");
  auto second = store->manifest(testing::create_version(*store, folder / "s").record);

  std::vector<Change> changes = diff(first, second);
  ASSERT_EQ(changes.size(), 5u);
  EXPECT_EQ(changes[0], (Change{.kind = ChangeKind::changed,
                                .path = "7",
                                .entry_kind = EntryKind::file,
                                .old_size = 1,
                                .new_size = 6,
                                .content_changed = true}));
  EXPECT_EQ(changes[1].kind, ChangeKind::removed);
  EXPECT_EQ(changes[1].path, "8");
  EXPECT_EQ(changes[2].kind, ChangeKind::added);
  EXPECT_EQ(changes[2].path, "new");
  EXPECT_EQ(changes[3].entry_kind, EntryKind::folder);
  EXPECT_EQ(changes[4].kind, ChangeKind::renamed);
  EXPECT_EQ(changes[4].path, "sub/new-name");
  EXPECT_EQ(changes[4].old_path, "old-name");
  EXPECT_TRUE(diff(first, first).empty());
  EXPECT_EQ(diff(second, first).size(), 5u);
}

TEST(Diff, ATouchedFileIsChangedButItsContentIsNot) {
  testing::TemporaryFolder folder;
  auto store = testing::open_test_store();
  write_file(folder / "s/a", "1");
  auto first = store->manifest(testing::create_version(*store, folder / "s").record);
  std::filesystem::last_write_time(folder / "s/a", std::filesystem::file_time_type());
  auto second = store->manifest(testing::create_version(*store, folder / "s").record);
  std::vector<Change> changes = diff(first, second);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].kind, ChangeKind::changed);
  EXPECT_FALSE(changes[0].content_changed);
}

}  // namespace
}  // namespace grid::tree
