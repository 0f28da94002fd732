// A mount whose store is moved, replaced or removed: nothing of another store is ever shown.
#include "mount/store_identity.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "mount/filesystem.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/test_store.h"

namespace grid::mount {
namespace {

namespace fs = std::filesystem;
using testing::TemporaryFolder;
using testing::write_file;

// A store in a folder that has cats:1, of which a mount has looked into nothing, and one like it.
class StoreIdentityTest : public ::testing::Test {
 protected:
  StoreIdentityTest() {
    make(home / "store", "ours");
    make(home / "another", "theirs");
    opened = dataset::open_store((home / "store").string(), {.reader_stays = true});
    filesystem.emplace(opened, FilesystemOptions{.refresh_interval = std::chrono::milliseconds(0),
                                                 .on_problem = [&](std::string_view text) {
                                                   said.emplace_back(text);
                                                 }});
  }

  void make(const fs::path& store, const std::string& text) {
    const TemporaryFolder source;
    write_file(source / "a", text);
    auto made = dataset::open_store(store.string(), {.make_if_absent = true});
    testing::create_version(*made, source.path());
    if (text == "theirs") {
      testing::create_version(*made, source.path(), {.note = {.name = "dogs"}});
    }
  }

  std::string names() {
    std::string found;
    filesystem->read_folder(top_node, 0, [&](const FolderEntry& entry) {
      if (!entry.name.starts_with('.')) found += std::string(entry.name) + " ";
      return true;
    });
    return found;
  }
  std::string text() {
    const Node cats = filesystem->lookup(top_node, "cats").attributes.value().node;
    const Node version = filesystem->lookup(cats, "1").attributes.value().node;
    const Node file = filesystem->lookup(version, "a").attributes.value().node;
    Bytes scratch;
    return std::string(as_text(filesystem->read_node(file, 0, 100, scratch)));
  }
  static std::string error_of(const std::function<void()>& action) {
    try {
      action();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::changed);
      return error.what();
    }
    return "nothing was thrown";
  }

  TemporaryFolder home;
  std::shared_ptr<dataset::OpenStore> opened;
  std::optional<Filesystem> filesystem;
  std::vector<std::string> said;
};

TEST_F(StoreIdentityTest, GoesOnWithAFolderThatWasMovedAndSaysSo) {
  EXPECT_EQ(names(), "cats ");
  fs::rename(home / "store", home / "moved");
  fs::rename(home / "another", home / "store");
  EXPECT_EQ(names(), "cats ");
  EXPECT_EQ(text(), "ours");
  ASSERT_EQ(said.size(), 1u);
  EXPECT_NE(said[0].find("moved away from " + (home / "store").string()), said[0].npos) << said[0];
}

TEST_F(StoreIdentityTest, ShowsNothingOfAStoreThatTakesTheFolderOfAnother) {
  EXPECT_EQ(names(), "cats ");
  for (const auto& entry : fs::directory_iterator(home / "store")) fs::remove_all(entry);
  for (const auto& entry : fs::directory_iterator(home / "another"))
    fs::rename(entry, home / "store" / entry.path().filename());
  for (int i = 0; i < 3; ++i) {
    EXPECT_NE(error_of([&] { names(); }).find("is another store now"), std::string::npos);
    EXPECT_NE(error_of([&] { text(); }).find("is another store now"), std::string::npos);
  }
  EXPECT_EQ(said.size(), 1u);
}

TEST_F(StoreIdentityTest, SaysThatAStoreIsGone) {
  EXPECT_EQ(text(), "ours");
  fs::remove_all(home / "store");
  EXPECT_NE(error_of([&] { names(); }).find("is gone"), std::string::npos);
  EXPECT_EQ(said.size(), 1u);
}

}  // namespace
}  // namespace grid::mount
