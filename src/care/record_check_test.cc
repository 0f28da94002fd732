#include "care/record_check.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "dataset/retention_object.h"
#include "dataset/tags.h"
#include "store/layout.h"
#include "tests/support/memory_backend.h"
#include "tests/support/test_store.h"

namespace grid::care {
namespace {

class RecordCheckTest : public ::testing::Test {
 protected:
  RecordCheckTest() {
    publish();
    publish();
    store_->datastores->remove("cats", 2);
    publish();
    publish();
    store_->datastores->describe("cats", "one");
    store_->datastores->describe("cats", "two");
    store_->datastores->describe("cats", "three");
    dataset::set_tag(*backend_, "cats", "best", 1, "ann@box");
    dataset::set_tag(*backend_, "cats", "best", 3, "ann@box");
    dataset::remove_tag(*backend_, "cats", "best", "ann@box");
    dataset::set_retention(*backend_, "cats", {.last = 2, .tagged = true}, "ann@box");
    dataset::set_retention(*backend_, "cats", {}, "ann@box");
  }
  void publish() {
    store_->datastores->publish("cats", {.root = digest_of(as_bytes("root")),
                                         .source = "./cats",
                                         .created = "2026-11-22T21:54:45Z"});
  }
  void replace(const std::string& key, std::string_view text) {
    backend_->remove(key);
    ASSERT_TRUE(backend_->create(key, as_bytes(text)));
  }
  // "cats:2: reason" for each damage, one a line.
  std::string damages(const std::vector<std::string>& names = {}) const {
    std::string text;
    for (const Damage& damage : check_records(*store_, names).damages)
      text += fmt::format("{}:{}: {}\n", damage.name, damage.version, damage.reason);
    return text;
  }
  std::string notes() const {
    return fmt::format("{}", fmt::join(check_records(*store_, {}).notes, "\n"));
  }
  void expect_damage(std::string_view part) const {
    EXPECT_NE(damages().find(part), std::string::npos) << part << "\nis not in\n" << damages();
  }

  std::shared_ptr<testing::MemoryBackend> backend_ = std::make_shared<testing::MemoryBackend>();
  std::shared_ptr<dataset::OpenStore> store_ = testing::open_test_store(backend_);
};

TEST_F(RecordCheckTest, AHealthyStoreHasNothingToTell) {
  EXPECT_EQ(damages(), "");
  EXPECT_EQ(notes(), "");
}

TEST_F(RecordCheckTest, NamesEveryObjectInWhichABitFlipped) {
  for (const backend::ObjectEntry& object : backend_->list_below("")) {
    const Bytes before = *backend_->find(object.key);
    for (std::size_t bit = 0; bit < 8 * before.size(); bit += 5) {
      Bytes flipped = before;
      flipped[bit / 8] ^= std::byte{1} << bit % 8;
      replace(object.key, as_text(flipped));
      EXPECT_NE(damages(), "") << object.key << "\n" << as_text(flipped);
    }
    replace(object.key, as_text(before));
  }
  EXPECT_EQ(damages(), "");
}

TEST_F(RecordCheckTest, NamesLostRecords) {
  backend_->remove(store::version_key("cats", 1));
  EXPECT_EQ(damages(), "cats:1: its record is lost\n");
  backend_->remove(store::version_key("cats", 2));
  expect_damage("cats:1: its record is lost\n");
  expect_damage("cats:2: its record is lost: cats:3 has its digest\n");
  backend_->remove(store::version_key("cats", 3));
  backend_->remove(store::tombstone_key("cats", 2));
  expect_damage("cats:0: the records of its versions 1 to 3 are lost\n");
  expect_damage("cats:2: its tombstone is lost");
  // Nothing comes after the newest one.
  backend_->remove(store::version_key("cats", 4));
  EXPECT_EQ(damages(), "");
}

TEST_F(RecordCheckTest, NamesALostTombstoneOnce) {
  backend_->remove(store::tombstone_key("cats", 2));
  EXPECT_EQ(damages(),
            "cats:2: its tombstone is lost: it was deleted when cats:3 was made, and looks ready "
            "again\n");
}

TEST_F(RecordCheckTest, KnowsVersionsThatWereTakenBack) {
  store::Lease lease(*backend_, "test");
  store_->datastores->restore("cats", 2, lease);
  lease.end();
  EXPECT_EQ(damages(), "");
  store_->datastores->remove("cats", 2, {.until = "2026-12-05T08:00:00Z"});
  EXPECT_EQ(damages(), "");
  EXPECT_EQ(notes(), "");
  replace(store::restoration_key("cats", 2, 1), "<html>");
  expect_damage("its restoration 1");
  backend_->remove(store::tombstone_key("cats", 2));
  expect_damage("its tombstone is lost");
}

TEST_F(RecordCheckTest, NamesARecordThatWasReplaced) {
  dataset::VersionRecord record = store_->datastores->find("cats", 1)->record;
  record.message = "another";
  replace(store::version_key("cats", 1), dataset::encode_version_record(record));
  EXPECT_EQ(damages(),
            "cats:1: its record is not the one that cats:2 was made after: it was damaged or "
            "replaced\n");
}

TEST_F(RecordCheckTest, NamesASumThatLies) {
  for (const dataset::StoredSum lie : {dataset::StoredSum{1, 7}, dataset::StoredSum{2, 0}}) {
    dataset::VersionRecord record = store_->datastores->find("cats", 4)->record;
    EXPECT_EQ(record.stored_sum, (dataset::StoredSum{1, 0}));
    record.stored_sum = lie;
    const Bytes before = *backend_->find(store::version_key("cats", 4));
    replace(store::version_key("cats", 4), dataset::encode_version_record(record));
    EXPECT_EQ(damages(),
              "cats:4: its sum of stored bytes does not continue that of the version before it\n");
    replace(store::version_key("cats", 4), as_text(before));
  }
}

TEST_F(RecordCheckTest, NamesWhatCannotBeRead) {
  replace(store::version_key("cats", 4), "{}");
  replace(store::tombstone_key("cats", 2), "");
  replace(store::description_key("cats", 2), "<html>");
  replace(store::marker_key(), "{}");
  expect_damage("cats:4: its record");
  expect_damage("cats:2: its tombstone");
  expect_damage("cats:0: description 2: is not JSON");
  expect_damage(":0: memory: store.json");
  backend_->remove(store::marker_key());
  backend_->remove(store::description_key("cats", 2));
  expect_damage(":0: memory is not a store");
  expect_damage("cats:0: its description 2 is lost");
  backend_->remove(store::tag_key("cats", "best", 2));
  expect_damage("cats:0: its tag best: object 2 is lost");
  backend_->remove(store::retention_key("cats", 1));
  expect_damage("cats:0: its retention 1 is lost");
}

TEST_F(RecordCheckTest, NotesWhatIsNotPartOfTheStore) {
  const char* strange[] = {"README",
                           "store.json.bak/x",
                           "datastores/Cats/versions/1",
                           "datastores/cats.txt",
                           "datastores/cats/owner",
                           "datastores/cats/versions/01",
                           "datastores/cats/versions/5/x",
                           "datastores/cats/deleted/3-abc"};
  for (const char* key : strange) ASSERT_TRUE(backend_->create(key, as_bytes("x")));
  EXPECT_EQ(damages(), "");
  EXPECT_EQ(notes(),
            "README is not part of the store\n"
            "store.json.bak/ is not part of the store\n"
            "datastores/Cats/ is not part of the store\n"
            "datastores/cats.txt is not part of the store\n"
            "datastores/cats/owner is not part of the store\n"
            "datastores/cats/deleted/3-abc is not part of the store\n"
            "datastores/cats/versions/01 is not part of the store\n"
            "datastores/cats/versions/5/ is a folder where a record is expected: it is ignored");
}

// Nothing is lost, since nothing can have been there.
TEST_F(RecordCheckTest, ANumberThatIsPassedOverIsNoLoss) {
  backend_->create("datastores/cats/versions/5/x", as_bytes("x"));
  backend_->create("datastores/cats/deleted/6-x", as_bytes("x"));
  backend_->create("datastores/cats/descriptions/4/x", as_bytes("x"));
  const std::string before = notes();
  publish();  // 7
  store_->datastores->describe("cats", "five");
  EXPECT_TRUE(store_->datastores->find("cats", 7));
  EXPECT_EQ(damages(), "");
  EXPECT_EQ(notes(), before);
  publish();  // 8, which has the digest of 7
  backend_->remove(store::version_key("cats", 7));
  backend_->create(store::version_key("cats", 7) + "/x", as_bytes("x"));
  EXPECT_EQ(damages(), "cats:7: its record is lost: cats:8 has its digest\n");
}

TEST_F(RecordCheckTest, NotesTombstonesWithoutRecordAndMovesThatWereBrokenOff) {
  backend_->create(store::tombstone_key("cats", 6),
                   as_bytes(dataset::encode_tombstone("cats", 6, {})));
  backend_->create(store::advance_tombstone_key("cats", 5, digest_of(as_bytes("x"))),
                   as_bytes(dataset::encode_tombstone("cats", 5, {})));
  publish();
  EXPECT_EQ(damages(), "");
  EXPECT_EQ(notes(),
            "cats:6 has a tombstone and no record\n"
            "a move of cats to this store was broken off at cats:5: run it again");
}

TEST_F(RecordCheckTest, LooksOnlyAtTheNamedDatastores) {
  store_->datastores->publish(
      "dogs", {.root = digest_of(as_bytes("root")), .created = "2026-11-22T21:54:45Z"});
  replace(store::version_key("dogs", 1), "{}");
  EXPECT_EQ(damages({"cats"}), "");
  EXPECT_NE(damages({"dogs", "dogs"}), "");
}

// A number at the end of the range costs nothing.
TEST_F(RecordCheckTest, ALargeGapIsOneDamage) {
  dataset::VersionRecord record = store_->datastores->find("cats", 1)->record;
  record.number = UINT32_MAX;
  backend_->create(store::version_key("cats", UINT32_MAX),
                   as_bytes(dataset::encode_version_record(record)));
  EXPECT_EQ(damages(), "cats:0: the records of its versions 5 to 4294967294 are lost\n");
}

}  // namespace
}  // namespace grid::care
