// How many requests to a server a command costs. The numbers are upper bounds, kept as promises of
// docs/s3.md: raise one only with a reason.

#include <gtest/gtest.h>

#include "backend/s3.h"
#include "base/error.h"
#include "mount/filesystem.h"
#include "service/datastores.h"
#include "service/entries.h"
#include "service/verification.h"
#include "tests/support/misbehaving_bucket.h"
#include "tests/support/node.h"

namespace grid::service {
namespace {

class RequestCosts : public ::testing::Test {
 protected:
  RequestCosts() {
    for (testing::Node* node : {&node_, &other_}) {
      node->settings().store = "s3://bucket/store";
      node->settings().servers.aws = bucket_.settings();
      node->settings().servers.retries = testing::MisbehavingBucket::retries();
    }
  }

  template <class Command>
  unsigned requests_of(const Command& command) {
    const unsigned before = bucket_.requests;
    command();
    return bucket_.requests - before;
  }

  // Versions that are only listed: their trees are nowhere.
  void publish(dataset::OpenStore& store, const std::string& name, unsigned count,
               bool sums = true) {
    for (dataset::VersionNumber number = 1; number <= count; ++number) {
      dataset::VersionRecord record{.number = number,
                                    .created = "2020-01-02T03:04:05Z",
                                    .stored_bytes = number,
                                    .datastore = name};
      if (sums && number > 1) record.stored_sum = {1, number * (number + 1) / 2};
      store.backend->create(store::version_key(name, number),
                            as_bytes(dataset::encode_version_record(record)));
    }
  }

  unsigned requests_of_cat(const char* reference) {
    return requests_of([&] {
      const std::shared_ptr<dataset::OpenStore> store =
          open_store(node_.settings(), StoreUse::read);
      std::string bytes;
      read_file(*store, open_version(*store, dataset::Reference::parse(reference)), "7",
                [&](BytesView piece) { bytes += as_text(piece); });
      EXPECT_EQ(bytes, "file 7");
    });
  }
  void write_small_files(const std::string& folder, unsigned count) {
    for (unsigned i = 0; i < count; ++i)
      testing::write_file(other_ / (folder + "/" + std::to_string(i)), "file " + std::to_string(i));
  }

  testing::MisbehavingBucket bucket_;
  testing::Node node_, other_;
};

TEST_F(RequestCosts, OfAList) {
  const std::shared_ptr<dataset::OpenStore> store = other_.open();
  for (char name = 'a'; name < 'a' + 20; ++name) publish(*store, std::string(1, name), 20);
  for (dataset::VersionNumber number = 1; number <= 19; ++number)
    store->datastores->remove("a", number);
  store->datastores->describe("b", "37 breeds");
  const auto list = [&] { return list_datastores(node_.settings()).datastores; };

  // One for the marker, one for all names, and the newest record of each, many at a time: STORED
  // adds up what all of them have stored, of which it has the sum. One for the description.
  EXPECT_LE(requests_of(list), 2u + 20 + 1);
  // Warm: what was new since.
  EXPECT_LE(requests_of(list), 2u);
  publish(*store, "new", 1);
  EXPECT_LE(requests_of([&] { EXPECT_EQ(list().back().name, "t"); }), 3u);

  const std::vector<DatastoreSummary> listed = list();
  ASSERT_EQ(listed.size(), 21u);
  EXPECT_EQ(listed[0].ready, 1u);
  EXPECT_EQ(listed[0].stored_bytes, 20u);
  EXPECT_EQ(listed[1].description, "37 breeds");
  EXPECT_EQ(listed[1].stored_bytes, 210u);
  EXPECT_EQ(listed[1].newest->record.number, 20u);

  // Out of reach, what was listed last is listed.
  bucket_.misbehave([](const auto&) { return true; }, [](const auto&, auto& c) { c.close(); },
                    100'000);
  EXPECT_EQ(list().size(), 21u);
  EXPECT_EQ(list()[1].stored_bytes, 210u);
  bucket_.behave();

  // A version that another machine deletes is gone from the next list.
  store->datastores->remove("b", 20);
  EXPECT_EQ(list()[1].newest->record.number, 19u);
  store->datastores->remove("a", 20);
  EXPECT_EQ(list().size(), 20u);
  EXPECT_EQ(list_datastores(node_.settings(), true).datastores[0].newest->record.number, 20u);
}

TEST_F(RequestCosts, OfACreate) {
  other_.open();
  write_small_files("one", 1000);
  const auto create = [&] { other_.create(*other_.open(), "cats", "one"); };
  // The marker, the packs, the datastore's names; a pack, its index and the record. For the lease
  // the newest collection twice, and two slots that come and go.
  EXPECT_LE(requests_of(create), 6u + 2 + 4);
  // The first three, whether the version was deleted meanwhile, and a lease of one slot.
  EXPECT_LE(requests_of(create), 3u + 1 + 2 + 2);
}

TEST_F(RequestCosts, OfACat) {
  write_small_files("one", 10);
  other_.create(*other_.open(), "cats", "one");
  // The marker, the record and whether it has a tombstone; the packs, an index, a part of the data.
  EXPECT_LE(requests_of_cat("cats:1"), 6u);
  EXPECT_EQ(requests_of_cat("cats:1"), 0u);
  std::filesystem::remove_all(node_.settings().cache_folder);
  // The same, with the datastore's names for the tombstone.
  EXPECT_LE(requests_of_cat("cats"), 6u);
  // Which version is the newest is always asked.
  EXPECT_LE(requests_of_cat("cats"), 1u);
  EXPECT_EQ(requests_of_cat("cats:1"), 0u);
  // The marker and the tombstone, when what was heard of them is old.
  node_.settings().recheck = std::chrono::seconds(0);
  EXPECT_LE(requests_of_cat("cats:1"), 2u);
}

// What a machine has heard of a version holds for a while, but not against what it has done or seen
// itself.
TEST_F(RequestCosts, AVersionIsReadyForAMinuteAfterItWasSeenReady) {
  write_small_files("one", 10);
  for (int version = 1; version <= 3; ++version) {
    write_small_files("one", 10 + version);
    other_.create(*other_.open(), "cats", "one");
  }
  for (const char* reference : {"cats:1", "cats:2", "cats:3"}) requests_of_cat(reference);
  const auto is_deleted = [&](dataset::VersionNumber number) {
    return open_store(node_.settings(), StoreUse::read)->datastores->find("cats", number)->state ==
           dataset::VersionState::deleted;
  };
  open_store(node_.settings())->datastores->remove("cats", 1);
  EXPECT_TRUE(is_deleted(1));  // by this machine

  other_.open()->datastores->remove("cats", 2);
  EXPECT_FALSE(is_deleted(2));
  EXPECT_TRUE(open_store(node_.settings())->datastores->find("cats", 2)->state ==
              dataset::VersionState::deleted);  // not for those that do more than read
  EXPECT_TRUE(is_deleted(2));

  other_.open()->datastores->remove("cats", 3);
  EXPECT_FALSE(is_deleted(3));
  list_datastores(node_.settings());
  EXPECT_TRUE(is_deleted(3));  // seen in a list

  EXPECT_FALSE(open_store(node_.settings(), StoreUse::read)->datastores->find("cats", 4));
  write_small_files("one", 20);
  other_.create(*other_.open(), "cats", "one");
  EXPECT_FALSE(is_deleted(4));  // what is new is found at once
}

TEST_F(RequestCosts, OfARunOfAPinnedVersion) {
  write_small_files("one", 10);
  other_.create(*other_.open(), "cats", "one");
  requests_of_cat("cats:1");
  // `grid run` resolves the reference; the process that serves the run opens the store once more.
  const auto run = [&] {
    open_store(node_.settings(), StoreUse::read)
        ->datastores->resolve({.name = "cats", .version = 1});
    mount::Filesystem served(open_store(node_.settings(), StoreUse::attach),
                             {.pins = {{"cats", 1}}});
    mount::Node node = mount::top_node;
    for (const char* name : {"cats", "1", "7"})
      node = served.lookup(node, name).attributes.value().node;
    Bytes scratch;
    EXPECT_EQ(as_text(served.read_node(node, 0, 100, scratch)), "file 7");
  };
  run();
  EXPECT_LE(requests_of(run), 1u);
}

TEST_F(RequestCosts, OfACatInAStoreOfManyPacks) {
  write_small_files("one", 10);
  other_.create(*other_.open(), "cats", "one");
  for (unsigned i = 0; i < 39; ++i) {
    const std::string name = "other" + std::to_string(i);
    testing::write_file(other_ / (name + "/a"), name);
    other_.create(*other_.open(), name, name);
  }
  // Each pack's index once, many at a time: the format has nothing that says which pack has what
  // for several packs together.
  EXPECT_LE(requests_of_cat("cats:1"), 6u + 39);
  EXPECT_LE(requests_of_cat("cats:1"), 2u);
}

TEST_F(RequestCosts, OfAVerify) {
  write_small_files("one", 10);
  write_small_files("two", 11);
  other_.create(*other_.open(), "cats", "one");
  other_.create(*other_.open(), "dogs", "two");
  for (unsigned i = 0; i < 10; ++i) {
    const std::string name = "other" + std::to_string(i);
    testing::write_file(other_ / (name + "/a"), name);
    other_.create(*other_.open(), name, name);
  }
  // Of other datastores' packs, the index; and the datastore's names and records.
  const auto verify = [&] {
    care::VerifyProgress progress;
    const Verification found = verify_versions(*open_store(node_.settings()),
                                               {dataset::Reference::parse("cats")}, progress);
    for (const care::Damage& damage : found.report.damages)
      ADD_FAILURE() << damage.name << " " << damage.path << " " << damage.reason;
    EXPECT_EQ(found.report.versions, 1u);
  };
  EXPECT_LE(requests_of(verify), 19u + 11);
}

}  // namespace
}  // namespace grid::service
