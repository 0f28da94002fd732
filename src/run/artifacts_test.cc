#include "run/artifacts.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>

#include "tests/support/temporary_folder.h"

namespace grid::run {
namespace {

TEST(Artifacts, AreTheFilesBelowAFolder) {
  testing::TemporaryFolder folder;
  EXPECT_TRUE(list_artifacts(folder / "none").empty());
  testing::write_file(folder / "run/b", "12");
  testing::write_file(folder / "run/a/c", "1");
  EXPECT_EQ(list_artifacts(folder / "run"),
            (std::vector<Artifact>{{.path = "a/c", .size = 1}, {.path = "b", .size = 2}}));
}

TEST(Artifacts, AreCopiedToTheSamePaths) {
  testing::TemporaryFolder folder;
  testing::write_file(folder / "run/a/c", "new");
  testing::write_file(folder / "to/a/c", "old");
  copy_artifacts(folder / "run", list_artifacts(folder / "run"), folder / "to");
  EXPECT_EQ(list_artifacts(folder / "to"), list_artifacts(folder / "run"));
}

TEST(Artifacts, DoNotIncludeFilesFromBeforeTheRun) {
  testing::TemporaryFolder folder;
  testing::write_file(folder / "old", "1");
  std::this_thread::sleep_for(std::chrono::milliseconds(60));
  const auto start = std::chrono::system_clock::now();
  testing::write_file(folder / "new", "2");
  // Unpacking an archive sets the time of the last write back.
  const timespec past[2] = {{.tv_sec = 1, .tv_nsec = 0}, {.tv_sec = 1, .tv_nsec = 0}};
  ::utimensat(AT_FDCWD, (folder / "new").c_str(), past, 0);
  EXPECT_EQ(changed_since(folder.path(), start),
            (std::vector<Artifact>{{.path = "new", .size = 1}}));
}

}  // namespace
}  // namespace grid::run
