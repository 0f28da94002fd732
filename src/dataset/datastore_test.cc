#include "dataset/datastore.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "store/layout.h"
#include "tests/support/expect_error.h"
#include "tests/support/faulty_backend.h"
#include "tests/support/memory_backend.h"

namespace grid::dataset {
namespace {

using Numbers = std::vector<VersionNumber>;
using testing::MemoryBackend;

VersionRecord record_of(std::string_view root) {
  return {.root = digest_of(as_bytes(root)), .created = "2026-11-22T21:54:45Z"};
}

class DatastoreTest : public ::testing::Test {
 protected:
  VersionRecord publish(std::string_view root) {
    return datastores_.publish("cats", record_of(root));
  }
  void put(const std::string& key, std::string_view text) {
    EXPECT_TRUE(backend_->create(key, as_bytes(text))) << key;
  }
  Bytes stored(VersionNumber number) {
    return backend_->find(store::version_key("cats", number)).value();
  }

  std::shared_ptr<MemoryBackend> backend_ = std::make_shared<MemoryBackend>();
  Datastores datastores_{backend_};
};

TEST_F(DatastoreTest, EachRecordNamesTheOneBeforeAndWhatWasDeleted) {
  EXPECT_EQ(publish("a").previous, std::nullopt);
  const VersionRecord two = publish("b");
  EXPECT_EQ(two.previous, digest_of(stored(1)));
  EXPECT_EQ(two.datastore, "cats");
  EXPECT_TRUE(two.deleted.empty());
  datastores_.remove("cats", 1);
  const VersionRecord three = publish("c");
  EXPECT_EQ(three.previous, digest_of(stored(2)));
  EXPECT_EQ(three.deleted, Numbers{1});
  EXPECT_EQ(datastores_.find("cats", 3)->record, three);
}

TEST_F(DatastoreTest, ALostRaceIsInTheChain) {
  class Racing : public testing::FaultyBackend {
   public:
    using FaultyBackend::FaultyBackend;
    bool create(std::string_view key, BytesView data) override {
      if (race) std::exchange(race, nullptr)();
      return FaultyBackend::create(key, data);
    }
    std::function<void()> race;
  };
  publish("a");
  const auto racing = std::make_shared<Racing>(backend_);
  racing->race = [&] { publish("b"); };
  const VersionRecord three = Datastores(racing).publish("cats", record_of("c"));
  EXPECT_EQ(three.number, 3u);
  EXPECT_EQ(three.previous, digest_of(stored(2)));
}

TEST_F(DatastoreTest, ANumberWithATombstoneIsNotPublished) {
  publish("a");
  put(store::tombstone_key("cats", 2), encode_tombstone("cats", 2, {}));
  const VersionRecord next = publish("b");
  EXPECT_EQ(next.number, 3u);
  EXPECT_EQ(next.previous, std::nullopt);
  EXPECT_EQ(datastores_.resolve_number({.name = "cats"}), 3u);
  put(store::tombstones_prefix("cats") + "4/in-a-folder", "x");
  EXPECT_EQ(publish("c").number, 5u);
  put(store::versions_prefix("cats") + "6/in-a-folder", "x");
  EXPECT_EQ(publish("d").number, 7u);
  EXPECT_EQ(datastores_.published_numbers("cats"), (Numbers{1, 3, 5, 7}));
}

TEST_F(DatastoreTest, ThereIsALastNumber) {
  put(store::tombstone_key("cats", UINT32_MAX), "x");
  testing::expect_error(ErrorKind::unsupported, "the highest number", [&] { publish("a"); });
}

TEST_F(DatastoreTest, AStoreThatRefusesAKeyWithNothingAtItIsNotAskedForEver) {
  class Refusing : public testing::FaultyBackend {
   public:
    using FaultyBackend::FaultyBackend;
    bool create(std::string_view, BytesView) override { return false; }
  };
  Datastores datastores(std::make_shared<Refusing>(backend_));
  testing::expect_error(ErrorKind::unavailable, "datastores/cats/versions/1 can be neither made",
                        [&] { datastores.publish("cats", record_of("a")); });
}

TEST_F(DatastoreTest, ATombstoneMeansDeletedWhateverItHolds) {
  publish("a");
  put(store::tombstone_key("cats", 1), "<html>");
  EXPECT_EQ(datastores_.find("cats", 1)->state, VersionState::deleted);
  EXPECT_EQ(datastores_.find("cats", 1)->moved_to, "");
  EXPECT_TRUE(datastores_.ready_numbers("cats").empty());
}

TEST_F(DatastoreTest, ADeletedVersionCanBeTakenBackAndDeletedAgain) {
  publish("a");
  publish("b");
  store::Lease lease(*backend_, "test");
  const auto ready = [&] {
    // By its number, in a listing, and in a listing of all datastores.
    const bool by_number = datastores_.find("cats", 1)->state == VersionState::ready;
    EXPECT_EQ(is_among(datastores_.ready_numbers("cats"), 1), by_number);
    EXPECT_EQ(is_among(list_all_datastore_keys(*backend_).at("cats").without_tombstone(), 1),
              by_number);
    EXPECT_EQ(datastores_.versions("cats").front().state == VersionState::ready, by_number);
    return by_number;
  };
  testing::expect_error(ErrorKind::already_exists, "cats:1 is not deleted",
                        [&] { datastores_.restore("cats", 1, lease); });
  for (const std::string until : {"2026-12-05T08:00:00Z", "", "2026-12-07T08:00:00Z"}) {
    EXPECT_TRUE(ready());
    datastores_.remove("cats", 1, {.until = until});
    EXPECT_FALSE(ready());
    EXPECT_EQ(datastores_.find("cats", 1)->until, until);
    EXPECT_EQ(publish("c").deleted, Numbers{1});
    datastores_.restore("cats", 1, lease);
    EXPECT_TRUE(publish("d").deleted.empty());
  }
  EXPECT_TRUE(backend_->find(store::restoration_key("cats", 1, 3)));
  EXPECT_TRUE(backend_->find(store::tombstone_key("cats", 1, 2)));
  testing::expect_error(ErrorKind::not_found, "cats:99 does not exist",
                        [&] { datastores_.restore("cats", 99, lease); });
  datastores_.remove("cats", 2, {.moved_to = "s3://there"});
  testing::expect_error(ErrorKind::not_found, "was moved: it is in the store s3://there",
                        [&] { datastores_.restore("cats", 2, lease); });
}

TEST_F(DatastoreTest, OldNamesLeadOnButNotInACircle) {
  publish("a");
  datastores_.remove("cats", 1, {.renamed_to = "dogs"});
  datastores_.publish("dogs", record_of("a"));
  EXPECT_EQ(datastores_.resolve({.name = "cats", .version = 1}).record.datastore, "dogs");
  EXPECT_EQ(datastores_.resolve({.name = "cats"}).record.datastore, "dogs");
  datastores_.remove("dogs", 1, {.renamed_to = "cats"});  // which no rename does
  for (const Reference& reference :
       {Reference{.name = "cats"}, Reference{.name = "dogs", .version = 1},
        Reference{.name = "cats", .tag = "best"}})
    testing::expect_error(ErrorKind::corrupt, "leads on without an end",
                          [&] { datastores_.resolve(reference); });
}

TEST_F(DatastoreTest, AFolderInPlaceOfAnObjectIsIgnored) {
  publish("a");
  put(store::tombstones_prefix("cats") + "1/x", "x");
  put(store::versions_prefix("cats") + "2/x", "x");
  put(store::datastores_prefix() + "file", "x");
  EXPECT_EQ(datastores_.ready_numbers("cats"), Numbers{1});
  EXPECT_EQ(datastores_.names(), std::vector<std::string>{"cats"});
}

TEST_F(DatastoreTest, ADamagedDescriptionDoesNotHideTheOneBefore) {
  publish("a");
  datastores_.describe("cats", "one");
  datastores_.describe("cats", "two");
  put(store::description_key("cats", 3), "<html>");
  EXPECT_EQ(datastores_.description("cats"), "two");
  datastores_.describe("cats", "four");
  EXPECT_EQ(datastores_.description("cats"), "four");
}

// Neither is an earlier version given for it, nor is it without remedy.
TEST_F(DatastoreTest, ADamagedNewestRecordIsSaidAndHasAWayOut) {
  publish("a");
  put(store::version_key("cats", 2), "<html>");
  testing::expect_error(ErrorKind::corrupt, "delete it (grid datastore delete cats:2), or name one",
                        [&] { datastores_.resolve({.name = "cats"}); });
  EXPECT_EQ(datastores_.resolve_number({.name = "cats"}), 2u);
  std::vector<UnreadableVersion> damaged;
  EXPECT_EQ(datastores_.find_newest_sound("cats", list_datastore_keys(*backend_, "cats"), damaged)
                ->record.number,
            1u);
  ASSERT_EQ(damaged.size(), 1u);
  EXPECT_EQ(damaged[0].number, 2u);

  EXPECT_EQ(publish("c").number, 3u);
  EXPECT_EQ(datastores_.resolve({.name = "cats"}).record.number, 3u);
  datastores_.remove("cats", 3);
  datastores_.remove("cats", 2);
  EXPECT_EQ(datastores_.resolve({.name = "cats"}).record.number, 1u);
  testing::expect_error(ErrorKind::not_found, "cats:2 is deleted; cats has 1",
                        [&] { datastores_.resolve_number({.name = "cats", .version = 2}); });
  testing::expect_error(ErrorKind::not_found, "cats:4 does not exist; cats has 1",
                        [&] { datastores_.resolve_number({.name = "cats", .version = 4}); });
  EXPECT_EQ(publish("d").number, 4u);
}

// The record of a version that is deleted elsewhere, as adopt() gets it.
Bytes record_elsewhere(VersionNumber number) {
  VersionRecord record = record_of("elsewhere");
  record.number = number;
  record.datastore = "cats";
  const std::string text = encode_version_record(record);
  return Bytes(as_bytes(text).begin(), as_bytes(text).end());
}

TEST_F(DatastoreTest, AnAdoptedVersionThatIsDeletedNeverLooksReady) {
  const Bytes record = record_elsewhere(1);
  for (bool after : {false, true})
    for (std::uint64_t call = 1;; ++call) {
      const auto backend = std::make_shared<MemoryBackend>();
      const auto faulty = std::make_shared<testing::FaultyBackend>(backend);
      faulty->fail_call(call, after);
      bool failed = false;
      try {
        Datastores(faulty).adopt("cats", 1, record, VersionState::deleted);
      } catch (const Error&) {
        failed = true;
      }
      Datastores left(backend);  // what a process that was killed leaves
      EXPECT_TRUE(left.ready_numbers("cats").empty()) << call;
      for (const Version& version : left.versions("cats"))
        EXPECT_EQ(version.state, VersionState::deleted) << call;
      EXPECT_TRUE(left.ready_numbers("cats").empty());
      if (!failed) break;
      left.finish_adoptions("cats");
      left.adopt("cats", 1, record, VersionState::deleted);
      left.finish_adoptions("cats");
      EXPECT_EQ(left.deleted_numbers("cats"), Numbers{1});
      EXPECT_EQ(left.find("cats", 1)->state, VersionState::deleted);
      EXPECT_EQ(left.publish("cats", record_of("b")).number, 2u);
    }
}

TEST_F(DatastoreTest, AnAdoptionThatLosesTheNumberDeletesNothing) {
  class Racing : public testing::FaultyBackend {
   public:
    using FaultyBackend::FaultyBackend;
    bool create(std::string_view key, BytesView data) override {
      if (--calls_before == 0) race();
      return FaultyBackend::create(key, data);
    }
    int calls_before = 0;
    std::function<void()> race;
  };
  for (int call : {1, 2}) {
    const auto backend = std::make_shared<MemoryBackend>();
    const auto racing = std::make_shared<Racing>(backend);
    racing->calls_before = call;
    Datastores other(backend);
    std::optional<VersionRecord> published;
    racing->race = [&] { published = other.publish("cats", record_of("live")); };
    Datastores(racing).adopt("cats", 1, record_elsewhere(1), VersionState::deleted);
    ASSERT_TRUE(published);
    other.finish_adoptions("cats");
    EXPECT_EQ(other.ready_numbers("cats"), Numbers{published->number}) << call;
    EXPECT_EQ(other.find("cats", published->number)->state, VersionState::ready);
  }
}

}  // namespace
}  // namespace grid::dataset
