#include "base/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace grid {
namespace {

using testing::TemporaryFolder;

TEST(File, ReplaceLeavesNoOtherFileBehind) {
  TemporaryFolder folder;
  replace_file(folder / "a", as_bytes("one"));
  replace_file(folder / "a", as_bytes("two"));
  EXPECT_EQ(testing::read_file(folder / "a"), "two");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(File, AbsenceIsNoError) {
  TemporaryFolder folder;
  EXPECT_FALSE(find_file_bytes(folder / "none"));
  EXPECT_FALSE(MappedFile::find(folder / "none"));
  EXPECT_FALSE(find_file(folder / "none", O_RDONLY));
}

TEST(File, ErrorsNameThePath) {
  try {
    open_file("/nowhere/at/all", O_RDONLY);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::not_found);
    EXPECT_NE(std::string(error.what()).find("/nowhere/at/all"), std::string::npos);
  }
}

TEST(File, MappingAnEmptyFileIsEmpty) {
  TemporaryFolder folder;
  testing::write_file(folder / "empty", "");
  EXPECT_TRUE(MappedFile::find(folder / "empty")->bytes().empty());
}

TEST(File, OnlyARegularFileIsMapped) {
  TemporaryFolder folder;
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_FALSE(MappedFile::find(folder / "pipe"));
  EXPECT_FALSE(MappedFile::find(folder.path()));
  EXPECT_FALSE(MappedFile::find(folder / "none"));
}

class PrivateFiles : public ::testing::Test {
 protected:
  PrivateFiles() { before_ = ::umask(022); }
  ~PrivateFiles() override { ::umask(before_); }
  mode_t mode_of(std::string_view name) const {
    struct stat st {};
    EXPECT_EQ(::stat((folder_ / name).c_str(), &st), 0) << name;
    return st.st_mode & 07777;
  }

  TemporaryFolder folder_;
  mode_t before_ = 0;
};

TEST_F(PrivateFiles, AreNotSeenByOtherUsers) {
  make_private_folders(folder_ / "cache/grid/chunks");
  for (const char* made : {"cache", "cache/grid", "cache/grid/chunks"})
    EXPECT_EQ(mode_of(made), 0700u) << made;
  open_file(folder_ / "cache/grid/new", O_WRONLY | O_CREAT);
  EXPECT_EQ(mode_of("cache/grid/new"), 0600u);
  replace_file(folder_ / "cache/grid/state", as_bytes("one"));
  EXPECT_EQ(mode_of("cache/grid/state"), 0600u);
}

TEST_F(PrivateFiles, KeepTheModeOfFoldersThatAreThere) {
  std::filesystem::create_directory(folder_ / "mine");
  ::chmod((folder_ / "mine").c_str(), 0755);
  make_private_folders(folder_ / "mine/grid");
  EXPECT_EQ(mode_of("mine"), 0755u);
  EXPECT_EQ(mode_of("mine/grid"), 0700u);
}

TEST_F(PrivateFiles, AreSharedInAFolderThatAGroupShares) {
  std::filesystem::create_directory(folder_ / "team");
  ASSERT_EQ(::chmod((folder_ / "team").c_str(), 02770), 0);
  make_private_folders(folder_ / "team/grid/chunks");
  EXPECT_EQ(mode_of("team/grid"), 02770u);
  EXPECT_EQ(mode_of("team/grid/chunks"), 02770u);
  replace_file(folder_ / "team/grid/chunks/table", as_bytes("one"));
  EXPECT_EQ(mode_of("team/grid/chunks/table"), 0660u);
  open_file(folder_ / "team/grid/own", O_WRONLY | O_CREAT, 0644);
  EXPECT_EQ(mode_of("team/grid/own"), 0644u);
}

TEST_F(PrivateFiles, AreAnErrorWhereNoFolderCanBeMade) {
  for (const char* folder : {"/proc/nope", "/proc/nope/a/b"}) {
    testing::expect_error(ErrorKind::not_found, folder, [&] { make_private_folders(folder); });
    EXPECT_FALSE(try_make_private_folders(folder));
  }
  testing::write_file(folder_ / "file", "");
  testing::expect_error(ErrorKind::not_found, "cannot make",
                        [&] { make_private_folders(folder_ / "file"); });
  testing::expect_error(ErrorKind::not_found, "cannot make",
                        [&] { make_private_folders(folder_ / "file/below"); });
}

}  // namespace
}  // namespace grid
