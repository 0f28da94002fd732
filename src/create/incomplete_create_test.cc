#include "create/incomplete_create.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/temporary_folder.h"

namespace grid::create {
namespace {

CreateRecord example(std::string name = "cats") {
  CreateRecord record;
  record.store = "/home/ann/.local/share/grid";
  record.store_id = std::string(32, 'a');
  record.name = std::move(name);
  record.source = "./K\xe4tzchen";
  record.identity = "0123";
  record.words = {"datastore", "create", "--message=with \"quotes\"\n", "--", "./K\xe4tzchen"};
  record.folder = "/home/ann/\xff";
  record.program = "grid 0.1.0";
  record.created_by = "ann@box";
  return record;
}

class IncompleteCreateTest : public ::testing::Test {
 protected:
  IncompleteCreate only() {
    std::vector<IncompleteCreate> found = incomplete_creates(folder_);
    EXPECT_EQ(found.size(), 1u);
    return found.empty() ? IncompleteCreate{} : found[0];
  }

  testing::TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_ / "state/creates";
};

TEST_F(IncompleteCreateTest, IsSeenWhileItLives) {
  EXPECT_TRUE(incomplete_creates(folder_).empty());
  LiveCreate live(folder_, example());
  EXPECT_TRUE(only().live);
  EXPECT_EQ(only().state(), CreateState::uploading);
  EXPECT_EQ(only().reason(), "");
  live.update({.files_done = 3, .bytes_done = 7, .bytes_total = 9});
  EXPECT_EQ(only().record, live.record());
  EXPECT_EQ(only().record.words, example().words);
  EXPECT_EQ(only().record.counts.bytes_done, 7u);
  EXPECT_EQ(only().record.counts.files_total, std::nullopt);
}

TEST_F(IncompleteCreateTest, AllAttemptsHaveOneCreateId) {
  std::string id;
  {
    LiveCreate first(folder_, example());
    id = first.create_id();
    EXPECT_EQ(id.size(), 32u);
    EXPECT_FALSE(first.is_repeat());
    EXPECT_NE(LiveCreate(folder_, example()).create_id(), id);  // at the same time
    EXPECT_NE(LiveCreate(folder_, example("dogs")).create_id(), id);
    first.fail("the network", {.bytes_stored = 1});
  }
  for (const IncompleteCreate& other : incomplete_creates(folder_))
    if (other.record.name == "dogs" || other.reason() != "the network")
      remove_incomplete_create(folder_, other.record.id);
  LiveCreate again(folder_, example());
  EXPECT_EQ(again.create_id(), id);
  EXPECT_TRUE(again.is_repeat());
  again.finish();
  EXPECT_NE(LiveCreate(folder_, example()).create_id(), id);
}

TEST_F(IncompleteCreateTest, LeavesNothingWhenItIsFinished) {
  LiveCreate(folder_, example()).finish();
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

// Left by processes that were killed before they wrote a record, or while they removed a create.
TEST_F(IncompleteCreateTest, TheNextOneRemovesFoldersWithoutARecord) {
  testing::write_file(folder_ / "killed" / "open-pack-0", "bytes");
  testing::write_file(folder_ / "beginning" / "lock", "");
  std::optional<FileLock> held = FileLock::find(folder_ / "beginning" / "lock");
  LiveCreate(folder_, example()).finish();
  EXPECT_FALSE(std::filesystem::exists(folder_ / "killed"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "beginning"));
}

TEST_F(IncompleteCreateTest, IsInterruptedWhenItEndsWithoutAReason) {
  { LiveCreate live(folder_, example()); }
  EXPECT_FALSE(only().live);
  EXPECT_EQ(only().state(), CreateState::failed);
  EXPECT_EQ(only().reason(), "interrupted");
}

TEST_F(IncompleteCreateTest, KeepsTheReasonOfAFailure) {
  LiveCreate(folder_, example()).fail("cats/7.jpg: Permission denied", {.bytes_stored = 1});
  EXPECT_EQ(only().state(), CreateState::failed);
  EXPECT_EQ(only().reason(), "cats/7.jpg: Permission denied");
}

TEST_F(IncompleteCreateTest, TheSameCommandContinuesIt) {
  std::string id;
  {
    LiveCreate live(folder_, example());
    live.fail("no space", {.bytes_stored = 1});
    id = live.record().id;
  }
  LiveCreate live(folder_, example());
  EXPECT_EQ(live.record().id, id);
  EXPECT_EQ(only().state(), CreateState::uploading);
  EXPECT_EQ(only().record.reason, "");
}

TEST_F(IncompleteCreateTest, ADifferentCommandDoesNotContinueIt) {
  { LiveCreate live(folder_, example()); }
  CreateRecord other_store = example(), other_identity = example();
  other_store.store_id = std::string(32, 'b');
  other_identity.identity = "4567";
  for (const CreateRecord& other : {example("dogs"), other_store, other_identity})
    LiveCreate live(folder_, other);
  EXPECT_EQ(incomplete_creates(folder_).size(), 4u);
}

TEST_F(IncompleteCreateTest, TwoOfTheSameCommandShareNothing) {
  LiveCreate one(folder_, example()), two(folder_, example());
  EXPECT_NE(one.record().id, two.record().id);
  EXPECT_EQ(incomplete_creates(folder_).size(), 2u);
}

TEST_F(IncompleteCreateTest, SuccessRemovesWhatTheSameCommandLeft) {
  { LiveCreate one(folder_, example()), two(folder_, example()), other(folder_, example("dogs")); }
  LiveCreate running(folder_, example());
  LiveCreate(folder_, example()).finish();
  std::vector<IncompleteCreate> left = incomplete_creates(folder_);
  ASSERT_EQ(left.size(), 2u);
  for (const IncompleteCreate& create : left)
    EXPECT_EQ(create.live, create.record.name == "cats") << create.record.name;
}

TEST_F(IncompleteCreateTest, IsNotRemovedWhileItLives) {
  auto live = std::make_unique<LiveCreate>(folder_, example());
  std::string id = live->record().id;
  EXPECT_FALSE(remove_incomplete_create(folder_, id));
  EXPECT_TRUE(only().live);
  live.reset();
  EXPECT_TRUE(remove_incomplete_create(folder_, id));
  EXPECT_FALSE(remove_incomplete_create(folder_, id));
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(IncompleteCreateTest, OneOfANewerProgramIsNamedAndLeftAlone) {
  testing::write_file(folder_ / "0123/create.json", R"({"format": 2, "id": "0123"})");
  EXPECT_EQ(only().record.id, "0123");
  EXPECT_NE(only().reason().find("format 2"), std::string::npos);
  EXPECT_THROW(remove_incomplete_create(folder_, "0123"), Error);
  LiveCreate(folder_, example()).finish();
  EXPECT_EQ(testing::read_file(folder_ / "0123/create.json"), R"({"format": 2, "id": "0123"})");
}

TEST_F(IncompleteCreateTest, ADamagedOneIsShownAndCanBeRemoved) {
  for (const std::string text : {"", "{", "[]", R"({"format": 1, "id": 7})"}) {
    testing::write_file(folder_ / "0123/create.json", text);
    EXPECT_EQ(only().state(), CreateState::failed);
    EXPECT_NE(only().reason().find("0123/create.json"), std::string::npos);
    EXPECT_TRUE(remove_incomplete_create(folder_, "0123"));
  }
}

TEST_F(IncompleteCreateTest, IsNotContinuedForAnotherStoreWithTheSameId) {
  CreateRecord here = example(), there = example();
  here.store_key = std::string(32, 'c');
  there.store_key = std::string(32, 'd');
  const std::string id = LiveCreate(folder_, here).record().id;
  EXPECT_NE(LiveCreate(folder_, there).record().id, id);
  EXPECT_EQ(LiveCreate(folder_, here).record().id, id);
  EXPECT_TRUE(is_of_store(here, here.store_id, here.store_key));
  EXPECT_FALSE(is_of_store(here, here.store_id, there.store_key));
  EXPECT_TRUE(is_of_store(example(), here.store_id, here.store_key)) << "of an earlier version";
}

TEST_F(IncompleteCreateTest, KeepsNoSecretsOfUrls) {
  CreateRecord record = example();
  record.words = {"datastore", "create", "--", "https://ann:pw@host/a.tar?X-Amz-Signature=s"};
  { LiveCreate live(folder_, record); }
  EXPECT_TRUE(only().record.secrets_left_out);
  EXPECT_EQ(only().record.words.back(), "https://host/a.tar");
  const std::filesystem::path own = folder_ / only().record.id;
  EXPECT_EQ(std::filesystem::status(own).permissions(), std::filesystem::perms::owner_all);
  EXPECT_EQ(testing::read_file(own / "create.json").find("pw"), std::string::npos);
}

TEST_F(IncompleteCreateTest, OfAnEarlierVersionLosesItsSecrets) {
  { LiveCreate live(folder_, example()); }
  const std::filesystem::path own = folder_ / only().record.id;
  std::string text = testing::read_file(own / "create.json");
  const std::string word = "datastore\",";
  text.replace(text.find(word), word.size(), "https://ann:pw@host/x\",");
  testing::write_file(own / "create.json", text);
  std::filesystem::permissions(own, std::filesystem::perms(0755));
  LiveCreate other(folder_, example("dogs"));
  EXPECT_EQ(testing::read_file(own / "create.json").find("pw"), std::string::npos);
  EXPECT_EQ(std::filesystem::status(own).permissions(), std::filesystem::perms::owner_all);
}

}  // namespace
}  // namespace grid::create
