#include "base/file_lock.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <future>

#include "base/error.h"
#include "tests/support/temporary_folder.h"

namespace grid {
namespace {

using testing::TemporaryFolder;
constexpr std::chrono::milliseconds no_patience{0};

FileLock opened(const std::filesystem::path& path, LockKind kind) {
  return FileLock(open_file(path, O_RDWR | O_CREAT), path, kind);
}

class FileLockOfKind : public ::testing::TestWithParam<LockKind> {
 protected:
  const TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_ / "lock";
};
INSTANTIATE_TEST_SUITE_P(Ofd, FileLockOfKind, ::testing::Values(LockKind::ofd));
INSTANTIATE_TEST_SUITE_P(Flock, FileLockOfKind, ::testing::Values(LockKind::flock));

TEST_P(FileLockOfKind, IsHeldByOneAtATime) {
  std::optional<FileLock> held = FileLock::find(path_, GetParam());
  ASSERT_TRUE(held);
  EXPECT_FALSE(FileLock::find(path_, GetParam()));
  held.reset();
  EXPECT_TRUE(FileLock::find(path_, GetParam()));
}

TEST_P(FileLockOfKind, APipeInItsPlaceKeepsNobodyWaiting) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  EXPECT_FALSE(FileLock::is_held(path_, GetParam()));
  EXPECT_TRUE(find_file_bytes(path_).value_or(Bytes()).empty());
}

TEST_P(FileLockOfKind, IsTestedWithoutBeingTaken) {
  EXPECT_FALSE(FileLock::is_held(path_, GetParam()));
  std::optional<FileLock> held = FileLock::find(path_, GetParam());
  EXPECT_TRUE(FileLock::is_held(path_, GetParam()));
  EXPECT_TRUE(FileLock::is_held(path_, GetParam()));
  held.reset();
  EXPECT_FALSE(FileLock::is_held(path_, GetParam()));
  EXPECT_TRUE(FileLock::find(path_, GetParam()));
}

TEST_P(FileLockOfKind, WhenSharedExcludesOnlyExclusiveOnes) {
  FileLock one = opened(path_, GetParam()), two = opened(path_, GetParam());
  EXPECT_TRUE(one.try_take(LockMode::shared));
  EXPECT_TRUE(two.try_take(LockMode::shared));
  EXPECT_FALSE(one.try_take(LockMode::exclusive));
  EXPECT_FALSE(FileLock::is_held(path_, GetParam()));
}

TEST_P(FileLockOfKind, BecomesShared) {
  FileLock one = opened(path_, GetParam()), two = opened(path_, GetParam());
  EXPECT_TRUE(one.try_take(LockMode::exclusive));
  EXPECT_FALSE(two.try_take(LockMode::shared));
  one.take(LockMode::shared);
  EXPECT_TRUE(two.try_take(LockMode::shared));
}

TEST_P(FileLockOfKind, IsWaitedFor) {
  std::optional<FileLock> held = FileLock::find(path_, GetParam());
  std::promise<void> started;
  std::future<bool> other = std::async(std::launch::async, [&] {
    started.set_value();
    const FileLock lock = FileLock::get(path_, GetParam());
    return lock.is_in_place();
  });
  started.get_future().wait();
  EXPECT_EQ(other.wait_for(std::chrono::milliseconds(1)), std::future_status::timeout);
  held.reset();
  EXPECT_TRUE(other.get());
}

TEST_P(FileLockOfKind, OfARemovedFileDoesNotBlock) {
  std::optional<FileLock> held = FileLock::find(path_, GetParam());
  EXPECT_TRUE(held->is_in_place());
  std::filesystem::remove(path_);
  EXPECT_FALSE(held->is_in_place());
  const std::optional<FileLock> next = FileLock::find(path_, GetParam());
  ASSERT_TRUE(next);
  EXPECT_TRUE(next->is_in_place());
}

TEST_P(FileLockOfKind, IsInheritedByAForkedChild) {
  int end[2];
  ASSERT_EQ(::pipe2(end, O_CLOEXEC), 0);
  std::optional<FileLock> held = FileLock::find(path_, GetParam());
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(end[1]);
    char byte;
    ::_exit(::read(end[0], &byte, 1) == 0 ? 0 : 1);
  }
  held.reset();
  EXPECT_TRUE(FileLock::is_held(path_, GetParam()));
  ::close(end[1]);
  ::waitpid(child, nullptr, 0);
  EXPECT_FALSE(FileLock::is_held(path_, GetParam()));
  ::close(end[0]);
}

TEST_P(FileLockOfKind, NamesTheFileThatCannotBeLocked) {
  FileLock closed(FileDescriptor(), "/some/lock", GetParam());
  try {
    closed.try_take(LockMode::shared);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("cannot lock /some/lock"), std::string::npos);
  }
}

TEST(RangeLock, ExcludesWhatOverlaps) {
  const TemporaryFolder folder;
  const FileDescriptor one = open_file(folder / "file", O_RDWR | O_CREAT);
  const FileDescriptor two = open_file(folder / "file", O_RDWR);
  std::optional<RangeLock> held = RangeLock::find(one.get(), 100, 100, no_patience);
  ASSERT_TRUE(held);
  EXPECT_TRUE(RangeLock::find(two.get(), 0, 100, no_patience));
  EXPECT_TRUE(RangeLock::find(two.get(), 200, 1, no_patience));
  EXPECT_FALSE(RangeLock::find(two.get(), 199, 1, no_patience));
  EXPECT_FALSE(RangeLock::find(two.get(), 0, 101, std::chrono::milliseconds(2)));
  const RangeLock moved = std::move(*held);
  held.reset();
  EXPECT_FALSE(RangeLock::find(two.get(), 150, 1, no_patience)) << "the moved lock holds it";
}

TEST(RangeLock, IsGivenBack) {
  const TemporaryFolder folder;
  const FileDescriptor one = open_file(folder / "file", O_RDWR | O_CREAT);
  const FileDescriptor two = open_file(folder / "file", O_RDWR);
  std::optional<RangeLock> held = RangeLock::find(one.get(), 0, 10, no_patience);
  std::optional<RangeLock> beside = RangeLock::find(one.get(), 10, 10, no_patience);
  held.reset();
  EXPECT_TRUE(RangeLock::find(two.get(), 0, 10, no_patience));
  EXPECT_FALSE(RangeLock::find(two.get(), 10, 10, no_patience));
}

TEST(RangeLock, IsEmptyWhereNothingCanBeLocked) {
  EXPECT_FALSE(RangeLock::find(-1, 0, 10, std::chrono::hours(1))) << "without waiting";
}

}  // namespace
}  // namespace grid
