// How many requests to a server a command costs. The numbers are upper bounds, kept as promises of
// docs/s3.md: raise one only with a reason.

#include <gtest/gtest.h>

#include "backend/s3.h"
#include "base/error.h"
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
  void publish(dataset::OpenStore& store, const std::string& name, unsigned count) {
    for (dataset::VersionNumber number = 1; number <= count; ++number) {
      const dataset::VersionRecord record{.number = number,
                                          .created = "2020-01-02T03:04:05Z",
                                          .stored_bytes = number,
                                          .datastore = name};
      store.backend->create(store::version_key(name, number),
                            as_bytes(dataset::encode_version_record(record)));
    }
  }

  unsigned requests_of_cat(const char* reference) {
    return requests_of([&] {
      const std::shared_ptr<dataset::OpenStore> store = open_store(node_.settings());
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

  // One for the marker, one for all names, and each ready version's record once, many at a time:
  // STORED adds up what all of them have stored, which no newer record repeats.
  EXPECT_LE(requests_of(list), 2u + 19 * 20 + 1 + 1);
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
  EXPECT_LE(requests_of(create), 9u);
  // Two of them look for tombstones, in the listing and at the newest version's own key.
  EXPECT_LE(requests_of(create), 7u);
}

TEST_F(RequestCosts, OfACat) {
  write_small_files("one", 10);
  other_.create(*other_.open(), "cats", "one");
  EXPECT_LE(requests_of_cat("cats:1"), 6u);
  std::filesystem::remove_all(node_.settings().cache_folder);
  EXPECT_LE(requests_of_cat("cats"), 8u);
  // The marker, both listings, and whether the newest version has a tombstone.
  EXPECT_LE(requests_of_cat("cats"), 4u);
  // The marker, since another store may have taken this one's place, and the tombstone, since a
  // version must not look ready here after another machine has deleted it.
  EXPECT_LE(requests_of_cat("cats:1"), 2u);
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
  // Every pack of the store, whatever is asked for, and each datastore's records.
  const auto verify = [&] {
    care::VerifyProgress progress;
    const Verification found = verify_versions(*open_store(node_.settings()),
                                               {dataset::Reference::parse("cats")}, progress);
    for (const care::Damage& damage : found.report.damages)
      ADD_FAILURE() << damage.name << " " << damage.path << " " << damage.reason;
    EXPECT_EQ(found.report.versions, 1u);
  };
  EXPECT_LE(requests_of(verify), 21u);
}

}  // namespace
}  // namespace grid::service
