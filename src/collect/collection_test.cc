#include "collect/collection.h"

#include <gtest/gtest.h>

#include "collect/lease_list.h"
#include "create/lost_content.h"
#include "dataset/publish.h"
#include "store/collection_state.h"
#include "store/lease.h"
#include "tests/support/expect_error.h"
#include "tests/support/faulty_backend.h"
#include "tests/support/memory_backend.h"
#include "tests/support/random_bytes.h"
#include "tests/support/small_tree.h"

namespace grid::collect {
namespace {

using testing::FaultyBackend;
using testing::MemoryBackend;

constexpr std::chrono::milliseconds no_pause{0};

// A store in memory; each use opens it anew, as another process would.
class CollectedStore {
 public:
  CollectedStore() { dataset::open_store(memory_, {.make_if_absent = true}); }

  std::shared_ptr<dataset::OpenStore> open() const { return dataset::open_store(memory_, {}); }

  dataset::VersionRecord record_of(const Digest& root) const {
    dataset::VersionRecord record{.root = root, .created = "2026-11-22T21:54:45Z"};
    record.datastore = "cats";
    return record;
  }
  dataset::VersionNumber create(const std::set<std::string>& contents) {
    const auto store = open();
    store->chunks->refresh_for_writing();
    const Digest root = testing::write_small_tree(*store, contents).root;
    return store->datastores->publish("cats", record_of(root)).number;
  }
  void remove(dataset::VersionNumber number) { open()->datastores->remove("cats", number); }

  CollectReport collect(bool is_still = false) {
    return collect::collect(*open(), {.is_still = [=](const auto&, auto) { return is_still; }});
  }
  std::size_t packs() const { return memory_->list_names(store::packs_prefix()).size() / 2; }

  // Whether every chunk of a version can be read.
  bool is_whole(dataset::VersionNumber number) const {
    const auto store = open();
    Bytes scratch;
    try {
      const auto record = store->datastores->find("cats", number)->record;
      const auto manifest = store->manifest(record);
      for (std::uint64_t i = 0; i < manifest->totals().entries; ++i) {
        const tree::EntryRef entry = manifest->at(i);
        store->contents->read_content(entry.content(), entry.size(), 0, entry.size(), scratch);
      }
      return true;
    } catch (const Error&) {
      return false;
    }
  }

  const std::shared_ptr<MemoryBackend> memory_ = std::make_shared<MemoryBackend>();
};

class Collection : public ::testing::Test, protected CollectedStore {};

TEST_F(Collection, OfAStoreWithoutGarbageDoesNothing) {
  create({"a"});
  const CollectReport report = collect();
  EXPECT_EQ(report.packs_condemned, 0u);
  EXPECT_EQ(store::find_newest_collection(*memory_), 0u);
}

TEST_F(Collection, FreesWhatADeletedVersionAloneNeeded) {
  create({"a", "b"});
  create({"a", "c"});
  create({"d"});
  EXPECT_EQ(packs(), 3u);
  remove(3);
  const CollectReport report = collect();
  EXPECT_EQ(report.packs_removed, 1u);
  EXPECT_GT(report.bytes_removed, 0u);
  EXPECT_EQ(packs(), 2u);
  remove(1);  // but the second version needs its pack, for "a"
  EXPECT_EQ(collect().packs_removed, 0u);
  EXPECT_TRUE(is_whole(2));
  remove(2);
  EXPECT_EQ(collect().packs_removed, 2u);
  EXPECT_EQ(packs(), 0u);
}

TEST_F(Collection, ADryRunSaysWhatItWouldFreeAndWritesNothing) {
  create({"a"});
  create({"b"});
  remove(1);
  const auto before = memory_->list_below("");
  const CollectReport report = collect::collect(*open(), {.is_still = {}, .is_dry = true});
  EXPECT_EQ(report.packs_removed, 1u);
  EXPECT_GT(report.bytes_removed, 0u);
  EXPECT_EQ(memory_->list_below(""), before);
}

TEST_F(Collection, DoesNotWalkATreeTwice) {
  create({"a"});
  create({"b"});
  EXPECT_EQ(collect().trees_walked, 2u);
  EXPECT_EQ(collect().trees_walked, 0u);
  create({"c"});
  remove(1);
  const CollectReport report = collect();
  EXPECT_EQ(report.trees_walked, 1u);
  EXPECT_EQ(report.packs_removed, 1u);
}

// What was condemned meanwhile is stored again, lists of chunks included.
TEST_F(Collection, AVersionThatIsTakenBackIsWhole) {
  create({"a", "b"});
  remove(1);
  store::Lease older(*memory_, "somebody", no_pause);
  EXPECT_EQ(collect().packs_removed, 0u);  // condemned, and not yet judged
  {
    const auto store = open();
    store::Lease lease(*memory_, "undelete", no_pause);
    EXPECT_FALSE(lease.excluded().empty());
    store->chunks->refresh_for_writing(lease.excluded());
    std::atomic<std::uint64_t> bytes_stored = 0;
    const Digest root = store->datastores->find("cats", 1)->record.root;
    create::secure_content(*store, root, lease.id(), bytes_stored);
    EXPECT_GT(bytes_stored, 0u);
    store->datastores->restore("cats", 1, lease);
    lease.end();
  }
  older.end();
  EXPECT_EQ(collect().packs_removed, 1u);
  EXPECT_TRUE(is_whole(1));
}

TEST_F(Collection, WaitsForALeaseThatIsOlder) {
  create({"a"});
  remove(1);
  const auto store = open();
  store::Lease lease(*memory_, "ann@box: create cats", no_pause);
  store->chunks->refresh_for_writing(lease.excluded());
  EXPECT_EQ(collect().waits_for, std::vector<std::string>{"ann@box: create cats"});
  EXPECT_EQ(packs(), 1u);
  // It relies on what is condemned by now.
  const Digest root = testing::write_small_tree(*store, {"a"}, lease.id()).root;
  EXPECT_EQ(packs(), 1u);
  store->datastores->publish("cats", record_of(root));
  lease.end();
  const CollectReport report = collect();
  EXPECT_EQ(report.packs_rescued, 1u);
  EXPECT_EQ(report.packs_removed, 0u);
  EXPECT_TRUE(is_whole(2));
}

TEST_F(Collection, DoesNotWaitForALeaseThatIsNewer) {
  create({"a"});
  remove(1);
  const store::Lease older(*memory_, "older", no_pause);
  collect();
  const auto store = open();
  store::Lease newer(*memory_, "newer", no_pause);
  EXPECT_EQ(newer.excluded().size(), 1u);
  store->chunks->refresh_for_writing(newer.excluded());
  const Digest root = testing::write_small_tree(*store, {"a"}, newer.id()).root;
  EXPECT_EQ(packs(), 2u) << "it may not rely on the first pack";
  const auto older_is_still = [&](const store::LeaseId& lease, std::uint32_t) {
    return lease == older.id();
  };
  const CollectReport report = collect::collect(*store, {.is_still = older_is_still});
  EXPECT_EQ(report.packs_removed, 1u);
  EXPECT_EQ(report.packs_kept, 1u) << "of the writer that lives";
  store->datastores->publish("cats", record_of(root));
  newer.end();
  EXPECT_TRUE(is_whole(2));
}

TEST_F(Collection, PublishesWhatAClosedLeaseHadAnnounced) {
  create({"a"});
  const auto store = open();
  store::Lease lease(*memory_, "ann", no_pause);
  store->chunks->refresh_for_writing(lease.excluded());
  dataset::VersionRecord record =
      record_of(testing::write_small_tree(*store, {"b"}, lease.id()).root);
  record.number = 2;
  const std::string text = dataset::encode_version_record(record),
                    key = store::version_key("cats", 2);
  lease.announce(key, text);
  EXPECT_EQ(collect().packs_removed, 0u);
  EXPECT_FALSE(memory_->find(key));
  collect(true);
  EXPECT_TRUE(is_whole(2));
  // Now its writer wakes.
  EXPECT_FALSE(memory_->create(key, as_bytes(text)));
  lease.settle();
  EXPECT_THROW(lease.announce(store::version_key("cats", 3), text), store::LeaseClosed);
}

TEST_F(Collection, FreesWhatAWriterThatDiedHasLeftAfterKeepingItForAWhile) {
  {
    const auto store = open();
    const store::Lease lease(*memory_, "ann", no_pause);
    testing::write_small_tree(*store, {"a"}, lease.id());
  }
  EXPECT_EQ(collect().packs_kept, 1u);
  const auto still = [](const auto&, auto) { return true; };
  EXPECT_EQ(collect::collect(*open(),
                             {.is_still = still, .is_kept = [](std::string_view) { return true; }})
                .packs_kept,
            1u);
  EXPECT_EQ(collect(true).packs_removed, 1u);
  EXPECT_EQ(packs(), 0u);
}

TEST_F(Collection, FreesDataWithoutAnIndexAndAnIndexWithoutData) {
  create({"a"});
  const store::PackId lost{{std::byte{1}}}, other{{std::byte{2}}};
  memory_->create(store::pack_data_key(lost), as_bytes("x"));
  memory_->create(store::pack_index_key(other), as_bytes("x"));
  EXPECT_EQ(collect().packs_removed, 2u);
  EXPECT_FALSE(memory_->find(store::pack_data_key(lost)));
  EXPECT_FALSE(memory_->find(store::pack_index_key(other)));
  EXPECT_TRUE(is_whole(1));
}

TEST_F(Collection, KeepsOneOfTwoPacksWithTheSameChunks) {
  const auto write = [](dataset::OpenStore& store) {
    return testing::write_small_tree(store, {"a"}).root;
  };
  const auto first = open(), second = open();
  first->datastores->publish("cats", record_of(write(*first)));
  second->datastores->publish("cats", record_of(write(*second)));
  EXPECT_EQ(packs(), 2u);
  EXPECT_EQ(collect().packs_removed, 1u);
  EXPECT_TRUE(is_whole(1));
  EXPECT_TRUE(is_whole(2));
}

TEST_F(Collection, RemovesNothingWhileItDoesNotKnowWhatAVersionNeeds) {
  create({"a"});
  create({"b"});
  remove(2);
  const std::string pack = memory_->list_names(store::packs_prefix()).front();
  const auto index = *store::pack_of_data_key(store::packs_prefix() + pack);
  memory_->remove(store::pack_data_key(index));
  const std::size_t before = memory_->list_names(store::packs_prefix()).size();
  const bool was_of_the_first = !is_whole(1);
  if (was_of_the_first) {
    testing::expect_error(ErrorKind::corrupt, "cats:1", [&] { collect(); });
    EXPECT_EQ(memory_->list_names(store::packs_prefix()).size(), before);
  } else {
    EXPECT_EQ(collect().packs_removed, 1u);
  }
}

TEST_F(Collection, ASummaryThatDoesNotHoldIsMadeAgain) {
  create({"a"});
  const Digest root = open()->datastores->find("cats", 1)->record.root;
  memory_->create(store::summary_key(root), store::encode_summary(root, {{store::PackId{}, 1}}));
  EXPECT_EQ(collect().trees_walked, 1u);
  EXPECT_EQ(collect().trees_walked, 0u);
  memory_->remove(store::summary_key(root));
  memory_->create(store::summary_key(root), as_bytes("GSUM, but not quite"));
  EXPECT_EQ(collect().trees_walked, 1u);
  EXPECT_TRUE(is_whole(1));
}

// Whichever call of a run fails, before or after it is done: nothing is lost, and two more runs
// free what is garbage.
TEST(CollectionFaults, AfterWhichItGoesOn) {
  for (const bool after : {false, true})
    for (std::uint64_t failing = 1;; ++failing) {
      CollectedStore fresh;
      fresh.create({"a", "b"});
      fresh.create({"a", "c"});
      fresh.create({"d"});
      fresh.remove(3);
      const auto faulty = std::make_shared<FaultyBackend>(fresh.memory_);
      const auto store = dataset::open_store(faulty, {});
      faulty->fail_call(failing, after);
      bool failed = false;
      try {
        collect::collect(*store, {.is_still = [](const auto&, auto) { return true; }});
      } catch (const Error&) {
        failed = true;
      }
      EXPECT_TRUE(fresh.is_whole(1) && fresh.is_whole(2)) << failing;
      fresh.collect(true);
      fresh.collect(true);
      EXPECT_TRUE(fresh.is_whole(1) && fresh.is_whole(2)) << failing;
      EXPECT_EQ(fresh.packs(), 2u) << failing;
      if (!failed && faulty->calls() < failing) break;
    }
}

// Small contents that share frames of one pack, as in a folder of small files.
std::string content(unsigned i) {
  std::string text;
  for (const char c : testing::random_bytes(100, i)) text += "0123456789abcdef"[c & 15];
  return text;
}
std::set<std::string> contents(unsigned first, unsigned end) {
  std::set<std::string> all;
  for (unsigned i = first; i < end; ++i) all.insert(content(i));
  return all;
}

class RewritingTest : public Collection {
 protected:
  static CollectOptions options() {
    return {.is_still = [](const auto&, auto) { return true; },
            .rewrite_percent_max = 50,
            .holder = "gc"};
  }
  CollectReport rewrite(const CollectOptions& how = options()) {
    return collect::collect(*open(), how);
  }
  std::uint64_t bytes() const {
    std::uint64_t size = 0;
    for (const auto& object : memory_->list_below(store::packs_prefix())) size += object.size;
    return size;
  }
};

TEST_F(RewritingTest, FreesWhatLiesBesideTheLittleThatIsNeeded) {
  create(contents(0, 400));
  create(contents(0, 40));
  EXPECT_EQ(packs(), 2u);
  const std::uint64_t before = bytes();
  remove(1);
  const CollectReport report = rewrite();
  EXPECT_EQ(report.packs_rewritten, 1u);
  EXPECT_EQ(report.packs_removed, 1u);
  EXPECT_GT(report.bytes_rewritten, 0u);
  EXPECT_LT(report.bytes_rewritten, report.bytes_removed / 2);
  EXPECT_EQ(report.bytes_left, bytes());
  EXPECT_LT(bytes(), before / 2);
  EXPECT_TRUE(is_whole(2));
  EXPECT_TRUE(memory_->list_names(store::leases_prefix()).empty());
  // Then nothing is left to do, and nothing is read again.
  const CollectReport again = rewrite();
  EXPECT_EQ(again.trees_walked, 0u);
  EXPECT_EQ(again.packs_condemned, 0u);
}

TEST_F(RewritingTest, LeavesAPackAloneOfWhichSeveralVersionsNeedDifferentParts) {
  create(contents(0, 400));
  for (unsigned part = 0; part < 4; ++part) create(contents(100 * part, 100 * part + 100));
  remove(1);
  CollectOptions how = options();
  how.rewrite_percent_max = 20;  // they need a tenth each
  const CollectReport report = rewrite(how);
  EXPECT_EQ(report.packs_rewritten, 0u);
  EXPECT_EQ(report.bytes_rewritten, 0u);
  for (unsigned number = 2; number < 6; ++number) EXPECT_TRUE(is_whole(number)) << number;
}

TEST_F(RewritingTest, ADryRunSaysWhatItWouldDoAndWritesNothing) {
  create(contents(0, 400));
  create(contents(0, 40));
  remove(1);
  const auto before = memory_->list_below("");
  CollectOptions dry = options();
  dry.is_dry = true;
  const CollectReport said = rewrite(dry);
  EXPECT_EQ(memory_->list_below(""), before);
  const CollectReport report = rewrite();
  EXPECT_EQ(said.packs_rewritten, 1u);
  EXPECT_EQ(said.packs_removed, report.packs_removed);
  EXPECT_EQ(said.bytes_removed, report.bytes_removed);
  EXPECT_GT(said.bytes_rewritten, 0u);
}

TEST_F(RewritingTest, CopiesNoMoreThanItMay) {
  create(contents(0, 400));
  create(contents(400, 800));
  std::set<std::string> few = contents(0, 40);
  few.merge(contents(400, 440));
  create(few);
  remove(1);
  remove(2);
  CollectOptions bounded = options();
  bounded.rewrite_bytes_max = 1;
  const CollectReport none = rewrite(bounded);
  EXPECT_EQ(none.packs_rewritten, 0u);
  EXPECT_TRUE(none.rewriting_goes_on);
  const CollectReport both = rewrite();
  EXPECT_EQ(both.packs_rewritten, 2u);
  EXPECT_FALSE(both.rewriting_goes_on);
  EXPECT_TRUE(is_whole(3));
}

TEST_F(RewritingTest, RemovesNothingThatItCouldNotCopy) {
  create(contents(0, 400));
  create(contents(0, 40));
  remove(1);
  // The data of the first pack: as long as before, and wrong.
  const auto store = open();
  store->chunks->refresh_for_writing();
  const store::PackId pack = store->chunks->index().find(digest_of(as_bytes(content(1))))->pack;
  const std::string key = store::pack_data_key(pack);
  Bytes data = *memory_->find(key);
  for (std::byte& byte : data) byte ^= std::byte{1};
  memory_->remove(key);
  memory_->create(key, data);
  const CollectReport report = rewrite();
  EXPECT_EQ(report.packs_removed, 0u);
  EXPECT_NE(report.rewriting_problem, "");
  EXPECT_TRUE(memory_->find(key));
}

// Whichever call of a rewriting run fails: nothing is lost, and two more runs leave no garbage.
TEST(RewritingFaults, AfterWhichItGoesOn) {
  const auto how = [] {
    return CollectOptions{.is_still = [](const auto&, auto) { return true; },
                          .rewrite_percent_max = 50,
                          .holder = "gc"};
  };
  for (const bool after : {false, true})
    for (std::uint64_t failing = 1;; ++failing) {
      CollectedStore fresh;
      fresh.create(contents(0, 60));
      fresh.create(contents(0, 6));
      fresh.remove(1);
      const auto faulty = std::make_shared<FaultyBackend>(fresh.memory_);
      const auto store = dataset::open_store(faulty, {});
      faulty->fail_call(failing, after);
      bool failed = false;
      try {
        failed = !collect::collect(*store, how()).rewriting_problem.empty();
      } catch (const Error&) {
        failed = true;
      }
      EXPECT_TRUE(fresh.is_whole(2)) << failing;
      collect::collect(*fresh.open(), how());
      collect::collect(*fresh.open(), how());
      EXPECT_TRUE(fresh.is_whole(2)) << failing;
      EXPECT_EQ(fresh.packs(), 2u) << failing;
      if (!failed && faulty->calls() < failing) break;
    }
}

TEST(LeaseWatch, CallsALeaseStillThatDidNotMoveForThePatience) {
  std::chrono::steady_clock::time_point now{};
  LeaseWatch watch(std::chrono::hours(1), [&] { return now; });
  const store::LeaseId lease{};
  EXPECT_FALSE(watch.is_still(lease, 1));
  now += std::chrono::minutes(59);
  EXPECT_FALSE(watch.is_still(lease, 1));
  now += std::chrono::minutes(1);
  EXPECT_TRUE(watch.is_still(lease, 1));
  EXPECT_FALSE(watch.is_still(lease, 2));
  now += std::chrono::hours(1);
  EXPECT_TRUE(watch.is_still(lease, 2));
}

}  // namespace
}  // namespace grid::collect
