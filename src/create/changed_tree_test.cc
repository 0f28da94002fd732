// A version made of a base and changes has the same root as a create of the whole folder, and
// costs only what the changes cost.

#include "create/changed_tree.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <random>

#include "base/error.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/test_store.h"

namespace grid::create {
namespace {

namespace fs = std::filesystem;
using testing::TemporaryFolder;
using testing::write_file;

void set_times(const fs::path& top) {
  timespec times[2] = {{.tv_sec = 7, .tv_nsec = 0}, {.tv_sec = 7, .tv_nsec = 0}};
  for (const auto& entry : fs::recursive_directory_iterator(top))
    ::utimensat(AT_FDCWD, entry.path().c_str(), times, AT_SYMLINK_NOFOLLOW);
}

class ChangedTreeTest : public ::testing::Test {
 protected:
  CreateResult create() {
    set_times(source_);
    return testing::create_version(*store_, source_, {.storing = {.force = true}});
  }
  // Makes a version of the newest one, with the content of `added_` added at its top.
  CreateResult change(std::vector<std::string> removed, bool add = true) {
    set_times(added_);
    CreateOptions options{.storing = {.force = true, .workers = 2}, .note = {.name = "cats"}};
    options.input.base = CreateBase{{.name = "cats"}, std::move(removed)};
    if (add) options.input.sources = {{.where = added_.string()}};
    CreateProgress progress;
    return create_version(*store_, options, progress);
  }
  std::string refusal(std::vector<std::string> removed) {
    try {
      change(std::move(removed));
    } catch (const Error& error) {
      return error.what();
    }
    return "(none)";
  }

  TemporaryFolder folder_;
  fs::path source_ = folder_ / "source", added_ = folder_ / "added";
  std::shared_ptr<dataset::OpenStore> store_ = testing::open_test_store();
  void SetUp() override { fs::create_directories(added_); }
};

TEST_F(ChangedTreeTest, TheSecondNameBecomesTheFileWhenTheFirstIsRemoved) {
  write_file(source_ / "a/first", "text");
  write_file(source_ / "z", "z");
  fs::create_hard_link(source_ / "a/first", source_ / "b");
  fs::create_hard_link(source_ / "a/first", source_ / "a/second");
  fs::create_hard_link(source_ / "a/first", source_ / "c");
  create();
  std::vector<std::vector<std::string>> steps = {{"b"}, {"a/first"}, {"a/second"}};
  for (const auto& removed : steps) {
    CreateResult changed = change(removed, false);
    fs::remove(source_ / removed[0]);
    EXPECT_EQ(changed.record.root, create().record.root) << removed[0];
    EXPECT_EQ(testing::read_from(*store_, *store_->manifest(changed.record), "c"), "text");
  }
}

TEST_F(ChangedTreeTest, AddingReplacesFilesAndMergesFolders) {
  write_file(source_ / "a/old", "1");
  write_file(source_ / "a/same", "2");
  create();
  write_file(added_ / "a/old", "new");
  write_file(added_ / "a/b/c", "3");
  auto tree = store_->manifest(change({}).record);
  EXPECT_EQ(testing::read_from(*store_, *tree, "a/old"), "new");
  EXPECT_EQ(testing::read_from(*store_, *tree, "a/same"), "2");
  EXPECT_EQ(testing::read_from(*store_, *tree, "a/b/c"), "3");
  EXPECT_EQ(tree->totals(), (tree::TreeTotals{.entries = 5, .files = 3, .folders = 2, .bytes = 5}));
}

TEST_F(ChangedTreeTest, RefusesUnmatchedPatternsAndAFileWhereAFolderIs) {
  write_file(source_ / "a/b", "1");
  write_file(source_ / "file", "1");
  create();
  EXPECT_EQ(refusal({"nothing"}).substr(0, 41), "--remove nothing: nothing in cats:1 match");
  EXPECT_EQ(refusal({"b"}).substr(0, 41), "--remove b: nothing in cats:1 matches; a ");
  EXPECT_EQ(refusal({"file/"}).substr(0, 20), "--remove file/: noth");
  write_file(added_ / "a", "a file where a folder is");
  EXPECT_EQ(refusal({}).substr(0, 29), "a is a folder in cats:1 and a");
  EXPECT_EQ(refusal({"a"}), "(none)");
}

// Random changes, each made to a base and to the folder itself.
TEST_F(ChangedTreeTest, ModelTestChangesGiveTheSameRootAsTheWholeFolder) {
  std::uint64_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  auto random_path = [&] {
    return "d" + std::to_string(random() % 12) + "/" + (random() % 2 ? "e/" : "") +
           std::to_string(random() % 400);
  };
  for (int i = 0; i < 6000; ++i) write_file(source_ / random_path(), std::to_string(random() % 50));
  for (int i = 0; i < 40; ++i) {
    std::error_code ignored;
    fs::create_hard_link(source_ / random_path(), source_ / random_path(), ignored);
  }
  create();
  for (int round = 0; round < 12; ++round) {
    std::vector<std::string> removed;
    for (std::size_t i = random() % 6; i > 0; --i) {
      std::string path = random_path();
      if (random() % 12 == 0) path = path.substr(0, path.rfind('/'));
      if (!fs::exists(source_ / path)) continue;
      removed.push_back(path);
    }
    if (random() % 4 == 0) removed.push_back("d1/**/*" + std::to_string(random() % 10) + "7");
    fs::remove_all(added_);
    fs::create_directories(added_);
    for (std::size_t i = random() % 8; i > 0; --i)
      write_file(added_ / random_path(), std::to_string(random()));
    CreateResult changed;
    try {
      changed = change(removed);
    } catch (const Error& error) {  // the pattern matches nothing this time
      ASSERT_EQ(error.kind(), ErrorKind::not_found) << error.what();
      continue;
    }
    for (const std::string& path : removed) {
      if (path.find('*') == std::string::npos) {
        fs::remove_all(source_ / path);
        continue;
      }
      std::vector<fs::path> matching;
      std::error_code removed_whole;
      for (const auto& entry : fs::recursive_directory_iterator(source_ / "d1", removed_whole))
        if (entry.path().filename().string().ends_with(path.substr(path.size() - 2)))
          matching.push_back(entry.path());
      for (const fs::path& match : matching) fs::remove_all(match);
    }
    for (const auto& entry : fs::recursive_directory_iterator(added_)) {
      fs::path to = source_ / fs::relative(entry.path(), added_);
      if (entry.is_directory()) {
        fs::create_directories(to);
      } else {
        fs::remove(to);  // not through another name of the same file
        fs::copy_file(entry.path(), to);
      }
    }
    ASSERT_EQ(changed.record.root, create().record.root) << "round " << round;
  }
}

}  // namespace
}  // namespace grid::create
