#include "service/folder_changes.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace grid::service {
namespace {

using tree::Change;
using tree::ChangeKind;
using tree::EntryKind;

Change added(std::string path, EntryKind kind = EntryKind::file) {
  return {.kind = ChangeKind::added, .path = std::move(path), .entry_kind = kind, .new_size = 10};
}
Change removed(std::string path, EntryKind kind = EntryKind::file) {
  return {.kind = ChangeKind::removed, .path = std::move(path), .entry_kind = kind, .old_size = 7};
}
Change renamed(std::string old_path, std::string path, EntryKind kind = EntryKind::file) {
  return {.kind = ChangeKind::renamed,
          .path = std::move(path),
          .old_path = std::move(old_path),
          .entry_kind = kind};
}

constexpr EntryKind folder = EntryKind::folder;

TEST(FolderChanges, ARenamedFolderIsOneChange) {
  const std::vector<Change> changes = {added("also"),
                                       removed("cats", folder),
                                       removed("cats/sub", folder),
                                       added("dogs", folder),
                                       renamed("cats/a", "dogs/a"),
                                       added("dogs/sub", folder),
                                       added("dogs2"),
                                       renamed("cats/sub/b", "dogs/sub/b")};
  std::vector<Change> sorted = changes;
  std::sort(sorted.begin(), sorted.end(),
            [](const Change& one, const Change& other) { return one.path < other.path; });
  EXPECT_EQ(with_renamed_folders(sorted),
            (std::vector<Change>{added("also"), renamed("cats", "dogs", folder), added("dogs2")}));
}

TEST(FolderChanges, TheNewNameMayComeFirst) {
  EXPECT_EQ(with_renamed_folders({added("a", folder), renamed("z/f", "a/f"), removed("z", folder),
                                  removed("z2", folder)}),
            (std::vector<Change>{renamed("z", "a", folder), removed("z2", folder)}));
}

TEST(FolderChanges, AFolderThatChangedOtherwiseIsShownWhole) {
  const std::vector<std::vector<Change>> others = {
      // A file more, a file less, a file from elsewhere, another name inside.
      {added("b", folder), added("b/new"), renamed("a/f", "b/f"), removed("a", folder)},
      {removed("a", folder), removed("a/old"), added("b", folder), renamed("a/f", "b/f")},
      {removed("a", folder), added("b", folder), renamed("a/f", "b/f"), renamed("c/g", "b/g")},
      {removed("a", folder), added("b", folder), renamed("a/f", "b/g")},
      // The old folder is still there.
      {added("b", folder), renamed("a/f", "b/f")},
      // Nothing says what it was.
      {removed("a", folder), added("b", folder)}};
  for (const std::vector<Change>& changes : others)
    EXPECT_EQ(with_renamed_folders(changes), changes);
}

TEST(FolderChanges, AreThoseBelowThePaths) {
  const std::vector<Change> changes = {added("a"), added("a/f"), added("ab"), renamed("a/g", "c/g"),
                                       removed("d/f")};
  EXPECT_EQ(changes_below(changes, {}), changes);
  EXPECT_EQ(changes_below(changes, {"a"}),
            (std::vector<Change>{changes[0], changes[1], changes[3]}));
  EXPECT_EQ(changes_below(changes, {"c", "d/f"}), (std::vector<Change>{changes[3], changes[4]}));
}

TEST(FolderChanges, AreCountedByFolder) {
  const std::vector<FolderChanges> found = changes_by_folder(
      {added("top"), added("a", folder), added("a/f"), removed("a/sub/g"), renamed("x/h", "b/h")});
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].folder, "");
  EXPECT_EQ(found[0].totals.added, 1u);
  EXPECT_EQ(found[1].folder, "a");
  EXPECT_EQ(found[1].totals.added, 1u);
  EXPECT_EQ(found[1].totals.removed, 1u);
  EXPECT_EQ(found[1].totals.old_size, 7u);
  EXPECT_EQ(found[1].totals.new_size, 10u);
  EXPECT_EQ(found[2].folder, "b");
  EXPECT_EQ(found[2].totals.renamed, 1u);
}

}  // namespace
}  // namespace grid::service
