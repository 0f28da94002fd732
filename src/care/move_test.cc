#include "care/move.h"

#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "care/verify.h"
#include "create/create.h"
#include "dataset/retention_object.h"
#include "dataset/tags.h"
#include "store/layout.h"
#include "tests/support/faulty_backend.h"
#include "tests/support/memory_backend.h"
#include "tests/support/random_bytes.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/test_store.h"

namespace grid::care {
namespace {

using testing::create_version;
using testing::open_test_store;

// Two stores in memory, distinguished by name.
class NamedBackend : public testing::MemoryBackend {
 public:
  explicit NamedBackend(std::string name) : name_(std::move(name)) {}
  std::string name() const override { return name_; }

 private:
  const std::string name_;
};

class Moving : public ::testing::Test {
 protected:
  Moving() {
    testing::write_file(folder_ / "source/large", testing::random_bytes(2 << 20, 1));
    testing::write_file(folder_ / "source/text", std::string(300'000, 'a'));
    testing::write_file(folder_ / "source/empty", "");
    create_version(*old_, folder_ / "source");
    testing::write_file(folder_ / "source/a/small", "small");
    create_version(*old_, folder_ / "source");
    old_->datastores->describe("cats", "many cats");
    dataset::set_tag(*old_backend_, "cats", "best", 1, "ann@box");
    dataset::set_retention(*old_backend_, "cats", {.last = 7}, "ann@box");
  }
  static MoveResult move(const dataset::OpenStore& from, dataset::OpenStore& to,
                         bool keep = false) {
    MoveProgress progress;
    return move_datastore(from, to, {.name = "cats", .keep = keep, .workers = 2}, progress);
  }
  static Digest root_of(const dataset::OpenStore& store, dataset::VersionNumber number) {
    return store.datastores->resolve({.name = "cats", .version = number}).record.root;
  }
  static void expect_all_is_there(const dataset::OpenStore& store) {
    expect_damages_only_of(store, {});
    expect_content(store);
  }
  // `versions`: deleted ones, whose damaged records are moved as they are.
  static void expect_damages_only_of(const dataset::OpenStore& store,
                                     const std::set<dataset::VersionNumber>& versions) {
    VerifyProgress progress;
    std::set<dataset::VersionNumber> damaged;
    for (const Damage& damage : verify(store, {}, progress).damages) {
      EXPECT_TRUE(versions.contains(damage.version)) << damage.version << ": " << damage.reason;
      damaged.insert(damage.version);
    }
    EXPECT_EQ(damaged, versions);
  }
  static void expect_content(const dataset::OpenStore& store) {
    auto manifest = store.manifest(store.datastores->resolve({.name = "cats"}).record);
    EXPECT_EQ(testing::read_from(store, *manifest, "large"), testing::random_bytes(2 << 20, 1));
    EXPECT_EQ(testing::read_from(store, *manifest, "a/small"), "small");
  }
  static std::string message_of(const std::function<void()>& body) {
    try {
      body();
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  testing::TemporaryFolder folder_;
  std::shared_ptr<testing::MemoryBackend> old_backend_ = std::make_shared<NamedBackend>("old");
  std::shared_ptr<testing::MemoryBackend> new_backend_ = std::make_shared<NamedBackend>("new");
  std::shared_ptr<dataset::OpenStore> old_ = open_test_store(old_backend_);
  std::shared_ptr<dataset::OpenStore> new_ = open_test_store(new_backend_);
};

TEST_F(Moving, BringsEveryVersionUnderItsNumberAndRoot) {
  const Digest one = root_of(*old_, 1), two = root_of(*old_, 2);
  const MoveResult result = move(*old_, *new_);
  EXPECT_EQ(result.versions, (std::vector<dataset::VersionNumber>{1, 2}));
  EXPECT_EQ(result.versions_published, 2u);
  EXPECT_EQ(root_of(*new_, 1), one);
  EXPECT_EQ(root_of(*new_, 2), two);
  EXPECT_EQ(new_->datastores->description("cats"), "many cats");
  EXPECT_EQ(new_->datastores->resolve_number({.name = "cats", .tag = "best"}), 1u);
  EXPECT_EQ(dataset::find_retention(*new_->backend, "cats")->rules.last, 7u);
  expect_all_is_there(*new_);
}

TEST_F(Moving, TheOldStoreNotesWhereItWent) {
  move(*old_, *new_);
  EXPECT_TRUE(old_->datastores->ready_numbers("cats").empty());
  for (const char* reference : {"cats", "cats:1", "cats:latest"})
    EXPECT_NE(message_of([&] {
                old_->datastores->resolve(dataset::Reference::parse(reference));
              }).find("was moved: it is in the store new now"),
              std::string::npos)
        << reference;
  // The numbers stay taken in the old store.
  EXPECT_EQ(create_version(*old_, folder_ / "source").record.number, 3u);
}

TEST_F(Moving, ASecondMoveDoesNothing) {
  move(*old_, *new_);
  const auto before = new_backend_->list_below("");
  EXPECT_TRUE(move(*old_, *new_).moved_before);
  EXPECT_EQ(new_backend_->list_below(""), before);
}

TEST_F(Moving, KeepOnlyCopiesAndCanBeRepeatedForTheNextVersion) {
  move(*old_, *new_, true);
  EXPECT_EQ(old_->datastores->ready_numbers("cats").size(), 2u);
  testing::write_file(folder_ / "source/more", "more");
  create_version(*old_, folder_ / "source");
  const MoveResult result = move(*old_, *new_, true);
  EXPECT_EQ(result.versions_published, 1u);
  EXPECT_EQ(result.versions.size(), 3u);
}

TEST_F(Moving, NumbersOfDeletedVersionsStayTaken) {
  testing::write_file(folder_ / "source/more", testing::random_bytes(3 << 20, 2));
  create_version(*old_, folder_ / "source");
  old_->datastores->remove("cats", 3);
  const MoveResult result = move(*old_, *new_);
  EXPECT_EQ(result.versions.size(), 2u);
  EXPECT_EQ(new_->datastores->find("cats", 3)->state, dataset::VersionState::deleted);
  std::uint64_t size = 0;  // bytes
  for (const backend::ObjectEntry& object : new_backend_->list("packs/")) size += object.size;
  EXPECT_LT(size, 4u << 20) << "the content of a deleted version was sent";
}

TEST_F(Moving, ADamagedRecordIsInTheWayUntilItsVersionIsDeleted) {
  old_backend_->create(store::version_key("cats", 3), as_bytes("<html>"));
  EXPECT_NE(message_of([&] { move(*old_, *new_); }).find("grid datastore delete cats:3"),
            std::string::npos);
  EXPECT_TRUE(new_->datastores->names().empty());
  old_->datastores->remove("cats", 3);
  EXPECT_EQ(move(*old_, *new_).versions, (std::vector<dataset::VersionNumber>{1, 2}));
  expect_damages_only_of(*new_, {3});
  expect_content(*new_);
  EXPECT_EQ(new_->datastores->deleted_numbers("cats"), std::vector<dataset::VersionNumber>{3});
  EXPECT_TRUE(move(*old_, *new_).moved_before);
}

TEST_F(Moving, SendsOnlyWhatIsMissing) {
  create_version(*new_, folder_ / "source", {.note = {.name = "dogs"}});
  MoveProgress progress;
  move_datastore(*old_, *new_, {.name = "cats", .workers = 2}, progress);
  EXPECT_LT(progress.chunks.bytes_sent, 100'000u);
  EXPECT_GT(progress.chunks.bytes_checked, 2u << 20);
  EXPECT_EQ(progress.bytes_done, progress.bytes_total);
  EXPECT_EQ(progress.files_done, progress.files_total);
  expect_all_is_there(*new_);
}

TEST_F(Moving, DoesNotTrustUnreadChunksOfTheOtherStore) {
  create_version(*new_, folder_ / "source", {.note = {.name = "dogs"}});
  for (const backend::ObjectEntry& object : new_backend_->list("packs/")) {
    if (!object.key.ends_with(".data")) continue;
    Bytes bytes = *new_backend_->find(object.key);
    bytes[bytes.size() / 2] ^= std::byte{1};
    new_backend_->remove(object.key);
    new_backend_->create(object.key, bytes);
  }
  EXPECT_NE(message_of([&] { move(*old_, *new_); }).find("of the store new"), std::string::npos);
  EXPECT_EQ(old_->datastores->ready_numbers("cats").size(), 2u);
}

TEST_F(Moving, NamesDamageInTheOldStoreAndPublishesNothingOfThatVersion) {
  for (const backend::ObjectEntry& object : old_backend_->list("packs/")) {
    if (!object.key.ends_with(".data") || object.size < 2u << 20) continue;
    Bytes bytes = *old_backend_->find(object.key);
    bytes[bytes.size() / 2] ^= std::byte{1};
    old_backend_->remove(object.key);
    old_backend_->create(object.key, bytes);
  }
  const std::string message = message_of([&] { move(*old_, *new_); });
  EXPECT_NE(message.find("cats:1: "), std::string::npos) << message;
  EXPECT_NE(message.find("of the store old"), std::string::npos) << message;
  EXPECT_TRUE(new_->datastores->ready_numbers("cats").empty());
  EXPECT_EQ(old_->datastores->ready_numbers("cats").size(), 2u);
}

TEST_F(Moving, RefusesATakenNameBeforeSendingAnything) {
  testing::write_file(folder_ / "other/file", "other");
  create_version(*new_, folder_ / "other");
  const auto before = new_backend_->list_below("");
  EXPECT_NE(message_of([&] { move(*old_, *new_); }).find("has a datastore cats of its own"),
            std::string::npos);
  EXPECT_EQ(new_backend_->list_below(""), before);
}

TEST_F(Moving, RefusesTheSameStoreAndAMissingDatastore) {
  EXPECT_NE(message_of([&] { move(*old_, *open_test_store(old_backend_)); }).find("the same store"),
            std::string::npos);
  EXPECT_NE(message_of([&] { move(*new_, *old_); }).find("no datastore cats in new"),
            std::string::npos);
}

TEST_F(Moving, StoppingLosesNothingThatWasSent) {
  const std::atomic<bool> stop = true;
  MoveProgress progress;
  EXPECT_THROW(
      move_datastore(*old_, *new_, {.name = "cats", .workers = 2, .stop = &stop}, progress),
      create::Interrupted);
  EXPECT_EQ(old_->datastores->ready_numbers("cats").size(), 2u);
  move(*old_, *new_);
  expect_all_is_there(*new_);
}

// Every call to the new store fails once, before or after it takes effect, as if the move had been
// killed there.
TEST_F(Moving, ADeletedVersionNeverLooksReadyThere) {
  testing::write_file(folder_ / "source/more", "more");
  create_version(*old_, folder_ / "source");
  old_->datastores->remove("cats", 3);
  for (bool after : {false, true})
    for (std::uint64_t call = 1;; ++call) {
      const auto target = std::make_shared<NamedBackend>("new");
      const auto faulty = std::make_shared<testing::FaultyBackend>(target);
      const auto there = open_test_store(std::shared_ptr<backend::Backend>(faulty));
      faulty->fail_call(call, after);
      bool failed = false;
      try {
        move(*old_, *there, true);
      } catch (const Error&) {
        failed = true;
      }
      const auto left = open_test_store(target);
      for (const dataset::VersionNumber ready : left->datastores->ready_numbers("cats"))
        EXPECT_LT(ready, 3u) << call;
      if (!failed) break;
      move(*old_, *left, true);
      EXPECT_EQ(left->datastores->find("cats", 3)->state, dataset::VersionState::deleted);
      EXPECT_EQ(left->datastores->deleted_numbers("cats"), std::vector<dataset::VersionNumber>{3});
      expect_all_is_there(*left);
    }
}

TEST_F(Moving, RefusesATombstoneThatWouldDeleteWhatComes) {
  new_backend_->create(store::tombstone_key("cats", 2),
                       as_bytes(dataset::encode_tombstone("cats", 2, {})));
  EXPECT_NE(message_of([&] { move(*old_, *new_); }).find("has a tombstone of cats:2"),
            std::string::npos);
  EXPECT_EQ(old_->datastores->ready_numbers("cats").size(), 2u);
  EXPECT_TRUE(new_->datastores->published_numbers("cats").empty());
}

// Every call to one of the stores fails once, before or after it takes effect; then the move
// continues.
TEST_F(Moving, ContinuesAfterAnyFailure) {
  for (bool old_fails : {true, false})
    for (bool after : {false, true})
      for (std::uint64_t call = 1;; ++call) {
        auto source = std::make_shared<NamedBackend>("old");
        auto target = std::make_shared<NamedBackend>("new");
        for (const backend::ObjectEntry& object : old_backend_->list_below(""))
          source->create(object.key, *old_backend_->find(object.key));
        auto faulty = std::make_shared<testing::FaultyBackend>(
            std::static_pointer_cast<backend::Backend>(old_fails ? source : target));
        std::shared_ptr<backend::Backend> from = source, to = target;
        (old_fails ? from : to) = faulty;
        auto from_store = open_test_store(from), to_store = open_test_store(to);
        faulty->fail_call(call, after);
        bool failed = false;
        try {
          move(*from_store, *to_store);
        } catch (const Error& error) {
          failed = true;
          ASSERT_EQ(error.kind(), ErrorKind::unavailable) << error.what();
          // Each version is ready in at least one store, and every ready version can be read.
          auto there = open_test_store(target);
          VerifyProgress progress;
          ASSERT_EQ(verify(*there, {}, progress).damages, std::vector<Damage>{});
          auto here = open_test_store(source);
          for (dataset::VersionNumber number : {1u, 2u})
            ASSERT_TRUE(
                here->datastores->find("cats", number)->state == dataset::VersionState::ready ||
                there->datastores->find("cats", number)->state == dataset::VersionState::ready);
          move(*here, *there);
        }
        expect_all_is_there(*open_test_store(target));
        ASSERT_TRUE(open_test_store(source)->datastores->ready_numbers("cats").empty());
        if (!failed) break;
      }
}

}  // namespace
}  // namespace grid::care
