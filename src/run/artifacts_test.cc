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
  EXPECT_TRUE(list_artifacts(folder / "none").artifacts.empty());
  testing::write_file(folder / "run/b", "12");
  testing::write_file(folder / "run/a/c", "1");
  EXPECT_EQ(list_artifacts(folder / "run").artifacts,
            (std::vector<Artifact>{{.path = "a/c", .size = 1}, {.path = "b", .size = 2}}));
}

TEST(Artifacts, AreCopiedToTheSamePaths) {
  testing::TemporaryFolder folder;
  testing::write_file(folder / "run/a/c", "new");
  testing::write_file(folder / "to/a/c", "old");
  EXPECT_TRUE(
      copy_artifacts(folder / "run", list_artifacts(folder / "run").artifacts, folder / "to")
          .empty());
  EXPECT_EQ(list_artifacts(folder / "to").artifacts, list_artifacts(folder / "run").artifacts);
}

TEST(Artifacts, AreCopiedWithoutThoseThatCannotBe) {
  testing::TemporaryFolder folder;
  for (const char* name : {"run/a", "run/b/c", "run/d"}) testing::write_file(folder / name, "1");
  testing::write_file(folder / "to/b", "in the way of a folder");
  const auto failures = copy_artifacts(
      folder / "run", {{.path = "a"}, {.path = "b/c"}, {.path = "d"}, {.path = "gone"}},
      folder / "to");
  ASSERT_EQ(failures.size(), 2u);
  EXPECT_EQ(failures[0].path, "b/c");
  EXPECT_EQ(failures[1], (ArtifactFailure{"gone", "No such file or directory"}));
  EXPECT_TRUE(std::filesystem::exists(folder / "to/d"));
  EXPECT_EQ(spell_failures({failures[1]}, "kept"),
            "an artifact could not be kept: gone: No such file or directory");
  EXPECT_EQ(spell_failures({{"a", "x"}, {"", "y"}}, "kept"),
            "2 artifacts could not be kept: a: x; the folder: y");
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
  EXPECT_EQ(changed_since(folder.path(), start).artifacts,
            (std::vector<Artifact>{{.path = "new", .size = 1}}));
}

}  // namespace
}  // namespace grid::run
