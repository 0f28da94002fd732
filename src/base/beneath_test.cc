#include "base/beneath.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "tests/support/temporary_folder.h"

namespace grid {
namespace {

namespace fs = std::filesystem;
using testing::TemporaryFolder;

using Opener = FileDescriptor (*)(int, std::string_view, int, mode_t);

// Both ways must give the same answers.
class BeneathTest : public ::testing::TestWithParam<Opener> {
 protected:
  BeneathTest() {
    fs::create_directories(folder_ / "top/a/b");
    fs::create_directories(folder_ / "outside");
    testing::write_file(folder_ / "outside/secret", "secret");
    testing::write_file(folder_ / "top/a/b/file", "inside");
    fs::create_symlink(folder_ / "outside", folder_ / "top/absolute");
    fs::create_symlink("../outside", folder_ / "top/relative");
    fs::create_symlink("a", folder_ / "top/harmless");
    fs::create_symlink("b/file", folder_ / "top/a/to-file");
    top_ = open_file(folder_ / "top", O_RDONLY | O_DIRECTORY);
  }
  FileDescriptor open(std::string_view path, int flags = O_RDONLY, mode_t mode = 0) {
    return GetParam()(top_.get(), path, flags, mode);
  }
  int error_of(std::string_view path, int flags = O_RDONLY, mode_t mode = 0) {
    return open(path, flags, mode) ? 0 : errno;
  }

  TemporaryFolder folder_;
  FileDescriptor top_;
};

TEST_P(BeneathTest, OpensFilesAndFoldersBelow) {
  Bytes bytes(6);
  const FileDescriptor file = open("a/b/file");
  ASSERT_TRUE(file);
  read_at(file.get(), bytes, 0, "file");
  EXPECT_EQ(as_text(bytes), "inside");
  EXPECT_TRUE(::fcntl(file.get(), F_GETFD) & FD_CLOEXEC);
  EXPECT_TRUE(open("a/b", O_RDONLY | O_DIRECTORY));
  EXPECT_TRUE(open("", O_RDONLY | O_DIRECTORY));
  EXPECT_TRUE(open("a/new", O_WRONLY | O_CREAT | O_EXCL, 0600));
  EXPECT_TRUE(fs::exists(folder_ / "top/a/new"));
}

TEST_P(BeneathTest, FollowsNoLinkAnywhere) {
  for (const char* path : {"absolute/secret", "relative/secret", "harmless/b/file", "a/to-file",
                           "absolute", "harmless"})
    EXPECT_EQ(error_of(path), ELOOP) << path;
  EXPECT_EQ(error_of("absolute", O_RDONLY | O_DIRECTORY), ELOOP);
  EXPECT_EQ(error_of("a/to-file", O_PATH), ELOOP);
  EXPECT_EQ(error_of("absolute/new", O_WRONLY | O_CREAT, 0600), ELOOP);
  EXPECT_FALSE(fs::exists(folder_ / "outside/new"));
}

TEST_P(BeneathTest, OpensALinkItselfWhereThatIsAsked) {
  const FileDescriptor link = open("a/to-file", O_PATH | O_NOFOLLOW);
  ASSERT_TRUE(link);
  struct stat status {};
  ::fstat(link.get(), &status);
  EXPECT_TRUE(S_ISLNK(status.st_mode));
}

TEST_P(BeneathTest, RefusesPathsThatLeaveOrAreNotPlain) {
  const std::string absolute = (folder_ / "top/a").string();
  for (std::string_view path :
       {std::string_view("../outside/secret"), std::string_view(".."), std::string_view("a/../a"),
        std::string_view("a//b"), std::string_view("./a"), std::string_view("a/"),
        std::string_view("a\0b", 3), std::string_view(absolute)})
    EXPECT_EQ(error_of(path), EXDEV) << path;
}

TEST_P(BeneathTest, AnswersAsOpenatElsewhere) {
  EXPECT_EQ(error_of("none"), ENOENT);
  EXPECT_EQ(error_of("none/file"), ENOENT);
  EXPECT_EQ(error_of("a/b/file/more"), ENOTDIR);
  EXPECT_EQ(error_of("a/b/file", O_RDONLY | O_DIRECTORY), ENOTDIR);
  EXPECT_EQ(error_of("a/b/file", O_WRONLY | O_CREAT | O_EXCL, 0600), EEXIST);
  EXPECT_EQ(error_of(std::string(300, 'x')), ENAMETOOLONG);
  EXPECT_EQ(error_of(std::string(5000, 'x')), ENAMETOOLONG);
  EXPECT_EQ(error_of("a/" + std::string(5000, 'x') + "/b"), ENAMETOOLONG);
}

TEST_P(BeneathTest, OpensPathsThatNoSystemCallTakes) {
  const std::string name(200, 'd');
  std::string path;
  FileDescriptor above = open("", O_RDONLY | O_DIRECTORY);
  while (path.size() < 10'000) {
    path += path.empty() ? name : "/" + name;
    ASSERT_EQ(::mkdirat(above.get(), name.c_str(), 0700), 0);
    above = FileDescriptor(::openat(above.get(), name.c_str(), O_RDONLY | O_DIRECTORY));
    ASSERT_TRUE(above);
  }
  EXPECT_TRUE(open(path, O_RDONLY | O_DIRECTORY));
  EXPECT_TRUE(open(path + "/file", O_WRONLY | O_CREAT | O_EXCL, 0600));
  EXPECT_EQ(error_of(path + "/none"), ENOENT);
  ASSERT_EQ(::symlinkat(folder_.path().c_str(), above.get(), "link"), 0);
  EXPECT_EQ(error_of(path + "/link/outside/secret"), ELOOP);
  EXPECT_EQ(error_of(path + "/link"), ELOOP);
}

INSTANTIATE_TEST_SUITE_P(BothWays, BeneathTest, ::testing::Values(&open_beneath, &walk_beneath),
                         [](const auto& instance) {
                           return instance.index == 0 ? "Kernel" : "Walk";
                         });

TEST(PlainName, IsOneName) {
  for (std::string_view name : {"a", "...", ".hidden", "a b"}) EXPECT_TRUE(is_plain_name(name));
  for (std::string_view name : {"", ".", "..", "a/b", "/"}) EXPECT_FALSE(is_plain_name(name));
  EXPECT_FALSE(is_plain_name(std::string_view("a\0b", 3)));
}

}  // namespace
}  // namespace grid
