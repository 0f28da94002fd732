// Which folders a mount must stay away from, by whatever path they are reached.
#include "mount/mount_place.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/temporary_folder.h"

namespace grid::mount {
namespace {

namespace fs = std::filesystem;

class MountPlace : public ::testing::Test {
 protected:
  MountPlace() {
    fs::create_directories(home / "data/store/packs");
    fs::create_directories(home / "other");
    fs::create_directory_symlink("data", home / "link");
    fs::create_directory_symlink(home / "link/store", home / "other/far");
  }

  bool hides(const fs::path& folder, const fs::path& store) const {
    const std::vector<OwnFolder> own = {{"the store", store}, {"the cache", home / "cache"}};
    const auto found = find_own_folder_at(folder, own);
    return found && found->noun == "the store";
  }

  const testing::TemporaryFolder top;
  const fs::path home = top.path();
};

TEST_F(MountPlace, IsNotOverOrAboveAnOwnFolder) {
  const fs::path store = home / "data/store";
  for (const char* over : {"data/store", "data", "data/../data/.", "", "link", "link/store"})
    EXPECT_TRUE(hides(home / over, store)) << over;
  EXPECT_TRUE(hides("/", store));
  for (const char* beside : {"other", "data/other", "other/data"})
    EXPECT_FALSE(hides(home / beside, store)) << beside;
}

TEST_F(MountPlace, IsNotInAnOwnFolder) {
  for (const char* inside : {"data/store/packs", "data/store/new/m", "other/far/packs"})
    EXPECT_TRUE(hides(home / inside, home / "data/store")) << inside;
}

TEST_F(MountPlace, IsNotOnTheWayToAnOwnFolderThroughLinks) {
  for (const char* passed : {"other", "data", "data/store"})
    EXPECT_TRUE(hides(home / passed, home / "other/far")) << passed;
}

TEST_F(MountPlace, IsNotAboveAnOwnFolderThatIsNotMadeYet) {
  EXPECT_TRUE(hides(home / "other", home / "other/not/yet/made"));
  EXPECT_FALSE(hides(home / "other/not", home / "data/store"));
}

}  // namespace
}  // namespace grid::mount
