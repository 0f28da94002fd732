#include "care/destination.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace grid::care {
namespace {

namespace fs = std::filesystem;

class DestinationTest : public ::testing::Test {
 protected:
  DestinationTest() : top_(open_empty_folder(folder_ / "out")), folders_(top_.get()) {
    fs::create_directory(folder_ / "outside");
  }
  static void write(const Target& to, std::string_view text, std::uint64_t size) {
    NewFile file(to, size, false);
    file.write(as_bytes(text), 0);
    file.finish(0);
  }
  FileIdentity write(const Target& to, std::string_view text) {
    NewFile file(to, text.size(), false);
    file.write(as_bytes(text), 0);
    const FileIdentity identity = file.identity();
    file.finish(0);
    return identity;
  }
  bool outside_is_empty() const { return fs::is_empty(folder_ / "outside"); }

  testing::TemporaryFolder folder_;
  FileDescriptor top_;
  DestinationFolders folders_;
};

TEST_F(DestinationTest, MustBeEmpty) {
  EXPECT_TRUE(open_empty_folder(folder_ / "out"));
  testing::write_file(folder_ / "out/mine", "precious");
  EXPECT_THROW(open_empty_folder(folder_ / "out"), Error);
  EXPECT_THROW(open_empty_folder(folder_ / "out/mine"), Error);
  fs::create_symlink("nowhere", folder_ / "dangling");
  EXPECT_THROW(open_empty_folder(folder_ / "dangling"), Error);
}

TEST_F(DestinationTest, IsStillTheFolderThatWasOpened) {
  fs::rename(folder_ / "out", folder_ / "moved");
  fs::create_symlink(folder_ / "outside", folder_ / "out");
  write(folders_.target("a/b"), "text");
  EXPECT_EQ(testing::read_file(folder_ / "moved/a/b"), "text");
  EXPECT_TRUE(outside_is_empty());
}

TEST_F(DestinationTest, FoldersSwappedForLinksAreNotFollowed) {
  make_folder(folders_.target("a"));
  fs::remove(folder_ / "out/a");
  fs::create_symlink(folder_ / "outside", folder_ / "out/a");
  EXPECT_THROW(folders_.target("a/b"), Error);
  EXPECT_THROW(folders_.target("a/b/c"), Error);
  EXPECT_THROW(folders_.target("../outside/b"), Error);
  EXPECT_THROW(folders_.target(".."), Error);
  EXPECT_TRUE(outside_is_empty());
}

TEST_F(DestinationTest, NothingIsWrittenThroughALinkOfTheSameName) {
  for (const char* name : {"small", "large"}) {
    fs::create_symlink(folder_ / "outside/file", folder_ / "out" / name);
    const std::uint64_t size = name[0] == 's' ? 4 : NewFile::at_once_size_max + 1;
    EXPECT_THROW(write(folders_.target(name), "text", size), Error) << name;
  }
  EXPECT_THROW(make_symlink(folders_.target("small"), "x"), Error);
  EXPECT_TRUE(outside_is_empty());
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "out"), {}), 2);
  const auto before = fs::last_write_time(folder_ / "outside");
  fs::remove(folder_ / "out/small");
  fs::create_symlink(folder_ / "outside", folder_ / "out/small");
  set_time(folders_.target("small"), 1'000'000'000);
  EXPECT_EQ(fs::last_write_time(folder_ / "outside"), before);
}

TEST_F(DestinationTest, OnlyTheFileThatWasWrittenGetsAnotherName) {
  const FileIdentity written = write(folders_.target("first"), "text");
  EXPECT_TRUE(make_hard_link(folders_.target("first"), written, folders_.target("again")));
  EXPECT_EQ(testing::read_file(folder_ / "out/again"), "text");

  testing::write_file(folder_ / "secret", "secret");
  fs::remove(folder_ / "out/first");
  fs::create_hard_link(folder_ / "secret", folder_ / "out/first");
  EXPECT_FALSE(make_hard_link(folders_.target("first"), written, folders_.target("third")));
  fs::remove(folder_ / "out/first");
  fs::create_symlink(folder_ / "secret", folder_ / "out/first");
  EXPECT_FALSE(make_hard_link(folders_.target("first"), written, folders_.target("third")));
  EXPECT_FALSE(fs::exists(fs::symlink_status(folder_ / "out/third")));
}

TEST_F(DestinationTest, AFileThatIsNotFinishedLeavesNothing) {
  for (const std::uint64_t size : {std::uint64_t{8}, NewFile::at_once_size_max + 1}) {
    NewFile file(folders_.target("file"), size, false);
    file.write(as_bytes("text"), 0);
  }
  EXPECT_TRUE(fs::is_empty(folder_ / "out"));
}

TEST_F(DestinationTest, WhatIsReplacedStaysUntilTheNewFileIsWhole) {
  for (const std::uint64_t size : {std::uint64_t{4}, NewFile::at_once_size_max + 1}) {
    testing::write_file(folder_ / "out/file", "mine");
    { NewFile(folders_.target("file"), size, false, true).write(as_bytes("text"), 0); }
    EXPECT_EQ(testing::read_file(folder_ / "out/file"), "mine") << size;
    NewFile file(folders_.target("file"), size, false, true);
    file.write(as_bytes("text"), 0);
    EXPECT_EQ(testing::read_file(folder_ / "out/file"), "mine") << size;
    file.finish(0);
    EXPECT_EQ(testing::read_file(folder_ / "out/file"), "text") << size;
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "out"), {}), 1);
}

TEST_F(DestinationTest, ALinkIsReplacedNotFollowedAndAFolderStays) {
  fs::create_symlink(folder_ / "outside/file", folder_ / "out/link");
  NewFile file(folders_.target("link"), 4, false, true);
  file.write(as_bytes("text"), 0);
  file.finish(0);
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(folder_ / "out/link")));
  EXPECT_TRUE(outside_is_empty());

  make_folder(folders_.target("folder"));
  NewFile refused(folders_.target("folder"), 4, false, true);
  refused.write(as_bytes("text"), 0);
  EXPECT_THROW(refused.finish(0), Error);
  EXPECT_TRUE(is_folder(folders_.target("folder")));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "out"), {}), 2);
}

TEST_F(DestinationTest, ANameIsReplacedByAnotherOfTheSameFile) {
  const FileIdentity written = write(folders_.target("first"), "text");
  fs::create_hard_link(folder_ / "out/first", folder_ / "out/again");
  const Target made = beside(folders_.target("again"));
  ASSERT_TRUE(make_hard_link(folders_.target("first"), written, made));
  replace(made, folders_.target("again"));
  EXPECT_EQ(fs::hard_link_count(folder_ / "out/first"), 2u);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "out"), {}), 2);
}

TEST_F(DestinationTest, ALargeFileHasItsNameOnlyWhenItIsWhole) {
  const std::string text(NewFile::at_once_size_max + 1, 'x');
  NewFile file(folders_.target("file"), text.size(), true);
  file.write(as_bytes(text), 0);
  EXPECT_FALSE(fs::exists(folder_ / "out/file"));
  file.finish(0);
  EXPECT_EQ(testing::read_file(folder_ / "out/file"), text);
  struct stat status {};
  ::stat((folder_ / "out/file").c_str(), &status);
  EXPECT_TRUE(status.st_mode & 0100);
  EXPECT_EQ(status.st_mtime, 0);
}

}  // namespace
}  // namespace grid::care
