#include "run/attachment.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <optional>
#include <thread>

#include "tests/support/temporary_folder.h"

namespace grid::run {
namespace {

Attachment example() {
  return {.kind = AttachmentKind::mount,
          .label = "/mnt/my data",
          .store_id = std::string(32, 'b'),
          .versions = {{"cats", 3}, {"dogs", 1}},
          .pid = ::getpid()};
}

std::size_t file_count(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

TEST(Attachments, AreSeenWhileTheyLive) {
  testing::TemporaryFolder folder;
  const auto attachments = folder / "state/attachments";
  EXPECT_TRUE(live_attachments(attachments).empty());
  {
    LiveAttachment live(attachments, example());
    EXPECT_EQ(live_attachments(attachments), std::vector<Attachment>{example()});
  }
  EXPECT_TRUE(live_attachments(attachments).empty());
  EXPECT_EQ(file_count(attachments), 0u);
}

TEST(Attachments, ListTheVersionsInUseNow) {
  testing::TemporaryFolder folder;
  LiveAttachment live(folder.path(), example());
  live.use({{"zebras", 2}, {"cats", 4}});
  Attachment expected = example();
  expected.versions = {{"cats", 4}, {"zebras", 2}};
  EXPECT_EQ(live_attachments(folder.path()), std::vector<Attachment>{expected});
  live.use({});
  expected.versions = {};
  EXPECT_EQ(live_attachments(folder.path()), std::vector<Attachment>{expected});
}

TEST(Attachments, OfKilledProcessesAreRemoved) {
  testing::TemporaryFolder folder;
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    LiveAttachment live(folder.path(), example());
    if (::write(ready[1], "x", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  char byte;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ASSERT_EQ(live_attachments(folder.path()).size(), 1u);
  EXPECT_EQ(live_attachments(folder.path())[0].pid, child);

  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(file_count(folder.path()), 1u);
  EXPECT_TRUE(live_attachments(folder.path()).empty());
  EXPECT_EQ(file_count(folder.path()), 0u);
}

TEST(Attachments, AreNeverSeenHalfWrittenOrMissingWhileTheyChange) {
  testing::TemporaryFolder folder;
  LiveAttachment live(folder.path(), example());
  std::thread writer([&] {
    for (dataset::VersionNumber number = 1; number < 300; ++number)
      live.use(std::vector<UsedVersion>(number % 50, {"cats", number}));
  });
  std::size_t count_min = 1;
  for (int i = 0; i < 300; ++i)
    count_min = std::min(count_min, live_attachments(folder.path()).size());
  writer.join();
  EXPECT_EQ(count_min, 1u);
}

TEST(Attachments, OfProcessesKilledWhileWritingAreRemoved) {
  testing::TemporaryFolder folder;
  testing::write_file(folder / "4711-0a1b2c3d.json.new", "{");
  testing::write_file(folder / "4712-0a1b2c3d.json", "{");
  EXPECT_TRUE(live_attachments(folder.path()).empty());
  EXPECT_EQ(file_count(folder.path()), 0u);
}

TEST(Attachments, IgnoreOtherFiles) {
  testing::TemporaryFolder folder;
  testing::write_file(folder / "README", "");
  EXPECT_TRUE(live_attachments(folder.path()).empty());
  EXPECT_EQ(file_count(folder.path()), 1u);
}

}  // namespace
}  // namespace grid::run
