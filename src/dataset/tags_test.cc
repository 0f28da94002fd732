#include "dataset/tags.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/error.h"
#include "dataset/datastore.h"
#include "dataset/retention_object.h"
#include "store/layout.h"
#include "tests/support/expect_error.h"
#include "tests/support/memory_backend.h"

namespace grid::dataset {
namespace {

using testing::expect_error;

class TagsTest : public ::testing::Test {
 protected:
  TagsTest() {
    for (int i = 0; i < 3; ++i)
      datastores_.publish("cats", {.root = digest_of(as_bytes("root")),
                                   .source = "./cats",
                                   .created = "2026-11-22T21:54:45Z"});
  }
  void set(std::string_view tag, VersionNumber number) {
    set_tag(*backend_, "cats", tag, number, "ann@box");
  }
  VersionNumber meant(std::string_view text) const {
    return datastores_.resolve(Reference::parse(text)).record.number;
  }

  std::shared_ptr<testing::MemoryBackend> backend_ = std::make_shared<testing::MemoryBackend>();
  Datastores datastores_{backend_};
};

TEST_F(TagsTest, MoveAndAreRemoved) {
  EXPECT_FALSE(find_tag(*backend_, "cats", "best"));
  set("best", 1);
  EXPECT_EQ(meant("cats@best"), 1u);
  set("best", 3);
  set("old", 1);
  EXPECT_EQ(meant("cats@best"), 3u);
  EXPECT_EQ(datastores_.resolve_number(Reference::parse("cats@old")), 1u);
  const std::vector<Tag> tags = list_tags(*backend_, "cats");
  ASSERT_EQ(tags.size(), 2u);
  EXPECT_EQ(tags[0].name, "best");
  EXPECT_EQ(tags[0].version, 3u);
  EXPECT_EQ(tags[0].set_by, "ann@box");
  EXPECT_TRUE(remove_tag(*backend_, "cats", "best", "ann@box"));
  EXPECT_FALSE(remove_tag(*backend_, "cats", "best", "ann@box"));
  EXPECT_EQ(list_tags(*backend_, "cats").size(), 1u);
  set("best", 2);
  EXPECT_EQ(meant("cats@best"), 2u);
}

TEST_F(TagsTest, AddNoObjectWhereNothingChanges) {
  set("best", 1);
  const std::size_t before = backend_->list_below("").size();
  set("best", 1);
  remove_tag(*backend_, "cats", "other", "ann@box");
  EXPECT_EQ(backend_->list_below("").size(), before);
}

TEST_F(TagsTest, SayWhatIsWrongWhenTheyMeanNothing) {
  expect_error(ErrorKind::not_found, "it has no tags", [&] { meant("cats@best"); });
  set("best", 2);
  expect_error(ErrorKind::not_found, "cats has no tag bets; it has best",
               [&] { meant("cats@bets"); });
  expect_error(ErrorKind::not_found, "no datastore cat in", [&] { meant("cat@best"); });
  datastores_.remove("cats", 2);
  expect_error(ErrorKind::not_found, "cats@best: cats:2 is deleted", [&] { meant("cats@best"); });
  expect_error(ErrorKind::invalid_argument, "cannot be a tag", [&] { set("7", 1); });
}

TEST_F(TagsTest, ComeBackWithTheirVersion) {
  set("best", 2);
  datastores_.remove("cats", 2);
  store::Lease lease(*backend_, "a test");
  datastores_.restore("cats", 2, lease);
  EXPECT_EQ(meant("cats@best"), 2u);
}

// One before the damaged object may mean another version.
TEST_F(TagsTest, ADamagedOneIsNotGuessedAndCanBeSetAgain) {
  set("best", 1);
  set("old", 1);
  backend_->create(store::tag_key("cats", "best", 2), as_bytes("<html>"));
  expect_error(ErrorKind::corrupt, "cats@best", [&] { meant("cats@best"); });
  std::vector<UnreadableTag> unreadable;
  EXPECT_EQ(list_tags(*backend_, "cats", &unreadable).size(), 1u);
  ASSERT_EQ(unreadable.size(), 1u);
  EXPECT_EQ(unreadable[0].name, "best");
  EXPECT_THROW(list_tags(*backend_, "cats"), Error);
  set("best", 3);
  EXPECT_EQ(meant("cats@best"), 3u);
}

TEST_F(TagsTest, AnObjectOfAnotherTagIsRefused) {
  set("best", 1);
  backend_->create(store::tag_key("cats", "other", 1),
                   *backend_->find(store::tag_key("cats", "best", 1)));
  expect_error(ErrorKind::corrupt, "cats@other", [&] { meant("cats@other"); });
}

TEST_F(TagsTest, OfManyWhoSetOneAtOnceEachIsKeptAndOneWins) {
  std::vector<std::thread> threads;
  for (VersionNumber number = 1; number <= 3; ++number)
    threads.emplace_back([this, number] {
      for (int i = 0; i < 20; ++i)
        set_tag(*backend_, "cats", "t" + std::to_string(number), 1 + (number + i) % 3, "ann@box"),
            set("best", number);
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(list_tags(*backend_, "cats").size(), 4u);
  const VersionNumber best = meant("cats@best");
  EXPECT_TRUE(best >= 1 && best <= 3);
  set("best", 2);
  EXPECT_EQ(meant("cats@best"), 2u);
}

TEST_F(TagsTest, TheRetentionIsReplacedAndRemoved) {
  EXPECT_FALSE(find_retention(*backend_, "cats"));
  const RetentionRules rules{.last = 5, .monthly = 2, .used = std::chrono::hours(48)};
  set_retention(*backend_, "cats", rules, "ann@box");
  set_retention(*backend_, "cats", rules, "ann@box");
  EXPECT_EQ(find_retention(*backend_, "cats")->rules, rules);
  EXPECT_EQ(backend_->list_names(store::retentions_prefix("cats")).size(), 1u);
  set_retention(*backend_, "cats", {.tagged = true}, "bob@box");
  EXPECT_EQ(find_retention(*backend_, "cats")->rules, RetentionRules{.tagged = true});
  set_retention(*backend_, "cats", {}, "bob@box");
  EXPECT_FALSE(find_retention(*backend_, "cats"));
  backend_->create(store::retention_key("cats", 4), as_bytes("{}"));
  EXPECT_THROW(find_retention(*backend_, "cats"), Error);
}

}  // namespace
}  // namespace grid::dataset
