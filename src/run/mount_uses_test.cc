#include "run/mount_uses.h"

#include <gtest/gtest.h>

#include <string>

#include "base/random.h"
#include "tests/support/temporary_folder.h"

namespace grid::run {
namespace {

namespace fs = std::filesystem;

class MountUsesTest : public ::testing::Test {
 protected:
  MountUses make() {
    return {folder / "notes",
            {.kind = AttachmentKind::mount, .label = "/mnt", .store_id = store_id},
            [&](std::string_view sentence) { said.emplace_back(sentence); }};
  }
  std::size_t noted() const {
    const auto live = live_attachments(folder / "notes");
    return live.empty() ? 0 : live[0].versions.size();
  }

  testing::TemporaryFolder folder;
  const std::string store_id = random_hex(32);
  std::vector<std::string> said;
};

TEST_F(MountUsesTest, AreNotedOneByOne) {
  MountUses uses = make();
  EXPECT_EQ(live_attachments(folder / "notes").size(), 1u);
  uses.add({"cats", 1});
  uses.add({"dogs", 2});
  EXPECT_EQ(noted(), 2u);
  EXPECT_TRUE(said.empty());
}

// A file in the place of the folder stands for a full disk.
TEST_F(MountUsesTest, AreMarkedWhileTheyCannotBeNoted) {
  testing::write_file(folder / "notes", "");
  MountUses uses = make();
  uses.add({"cats", 1});
  EXPECT_EQ(said.size(), 1u);
  EXPECT_EQ(find_marked(store_id, {{"cats", 1}}).size(), 1u);
  fs::remove(folder / "notes");
  uses.add({"dogs", 2});
  EXPECT_EQ(noted(), 2u);
  EXPECT_EQ(find_marked(store_id, {{"cats", 1}, {"dogs", 2}}).size(), 2u);
  EXPECT_EQ(said.size(), 1u);
}

TEST_F(MountUsesTest, AreMarkedIfTheNoteCannotBeWrittenLater) {
  MountUses uses = make();
  uses.add({"cats", 1});
  fs::remove_all(folder / "notes");
  uses.add({"dogs", 2});
  EXPECT_EQ(said.size(), 1u);
  EXPECT_EQ(find_marked(store_id, {{"cats", 1}, {"dogs", 2}}).size(), 2u);
  fs::create_directory(folder / "notes");
  uses.add({"rats", 3});
  EXPECT_EQ(noted(), 3u);
}

}  // namespace
}  // namespace grid::run
