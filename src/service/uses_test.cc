#include "service/uses.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/support/run_node.h"

namespace grid::service {
namespace {

using testing::expect_error;
using testing::RunNode;

run::Attachment mount_of(const RunNode& node, std::vector<run::UsedVersion> versions) {
  return {.kind = run::AttachmentKind::mount,
          .label = "/mnt",
          .store_id = node.store().marker.store_id,
          .versions = std::move(versions)};
}

TEST(Uses, AreFoundForLiveMountsOfTheSameStore) {
  const RunNode node;
  run::Attachment elsewhere = mount_of(node, {{"cats", 1}});
  elsewhere.store_id = "another";
  const run::LiveAttachment other(node.settings().attachment_folder, elsewhere);
  EXPECT_TRUE(find_users(node.settings(), node.store(), "cats").empty());
  refuse_if_used(node.settings(), node.store(), "cats", {1, 2}, "nothing was deleted");

  const run::LiveAttachment mount(node.settings().attachment_folder, mount_of(node, {{"cats", 1}}));
  EXPECT_EQ(find_users(node.settings(), node.store(), "cats").size(), 1u);
  EXPECT_EQ(find_users(node.settings(), node.store(), "cats", 1).size(), 1u);
  EXPECT_TRUE(find_users(node.settings(), node.store(), "cats", 2).empty());
  refuse_if_used(node.settings(), node.store(), "cats", {2}, "nothing was deleted");
  expect_error(ErrorKind::unavailable, "cats:1 is in use by the mount /mnt (process ", [&] {
    refuse_if_used(node.settings(), node.store(), "cats", {1, 2}, "nothing was deleted");
  });
}

// Another user's notes cannot be read, only the marks.
TEST(Uses, OfOtherUsersAreSeenByTheirMarks) {
  const RunNode node;
  run::UseMarks marks(node.store().marker.store_id);
  marks.set({{"cats", 2}});
  refuse_if_used(node.settings(), node.store(), "cats", {1}, "nothing was deleted");
  expect_error(
      ErrorKind::unavailable,
      fmt::format("cats:2 is in use by the process {} of the user ", ::getpid()), [&] {
        refuse_if_used(node.settings(), node.store(), "cats", {1, 2}, "nothing was deleted");
      });
}

TEST(Uses, AreFoundForQueuedRunsToo) {
  const RunNode node;
  const run::PreparedRun run = node.record_run(node.request({"./train", "grid:cats:2"}, "later"));
  refuse_if_used(node.settings(), node.store(), "cats", {1, 2}, "nothing was moved");  // it is lost
  const FileLock supervisor = run.folder.become_supervisor();
  refuse_if_used(node.settings(), node.store(), "cats", {1}, "nothing was moved");
  expect_error(ErrorKind::unavailable,
               "cats:2 is in use by the run later, which is queued; nothing was moved", [&] {
                 refuse_if_used(node.settings(), node.store(), "cats", {1, 2}, "nothing was moved");
               });
}

TEST(Uses, AreRememberedForRunsThatAreOver) {
  const RunNode node;
  node.record_run(node.request({"./train", "grid:cats:1"}, "first"));
  node.record_run(node.request({"./train", "grid:cats:2", "--lr=[1, 2]"}, "second"));
  const auto names = [&](std::optional<dataset::VersionNumber> number) {
    std::string out;
    for (const ObservedRun& run : find_runs_using(node.settings(), node.store(), "cats", number))
      out += run.record.name + " ";
    return out;
  };
  EXPECT_EQ(names(std::nullopt), "second first ");
  EXPECT_EQ(names(1), "first ");
  EXPECT_EQ(names(3), "");
}

}  // namespace
}  // namespace grid::service
