#include "dataset/publish.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/error.h"
#include "base/random.h"
#include "dataset/datastore.h"
#include "store/layout.h"
#include "tests/support/expect_error.h"
#include "tests/support/faulty_backend.h"
#include "tests/support/lying_backend.h"
#include "tests/support/memory_backend.h"

namespace grid::dataset {
namespace {

using testing::FaultyBackend;
using testing::MemoryBackend;

constexpr std::chrono::milliseconds no_pause{0};

VersionRecord record_of(std::string_view root) {
  return {.root = digest_of(as_bytes(root)), .created = "2026-11-22T21:54:45Z"};
}

TEST(Publish, ALostAnswerIsSettledByTheRecord) {
  const auto store = std::make_shared<MemoryBackend>();
  const auto faulty = std::make_shared<FaultyBackend>(store);
  faulty->fail_call(3, true);  // after two listings
  const VersionRecord one = Datastores(faulty, no_pause).publish("cats", record_of("a"));
  EXPECT_EQ(one.number, 1u);
  EXPECT_EQ(one.create_id.size(), create_id_size);
  EXPECT_EQ(Datastores(store).published_numbers("cats"), std::vector<VersionNumber>{1});
}

TEST(Publish, ARefusalIsSaidAsItIs) {
  class Refusing : public FaultyBackend {
   public:
    using FaultyBackend::FaultyBackend;
    bool create(std::string_view, BytesView) override {
      fail(ErrorKind::permission_denied, "you may not write");
    }
  };
  try {
    Datastores(std::make_shared<Refusing>(std::make_shared<MemoryBackend>()), no_pause)
        .publish("cats", record_of("a"));
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()), "you may not write");
  }
}

TEST(Publish, TheLastNumberIsNotPassedAfterALostRace) {
  class Racing : public FaultyBackend {
   public:
    using FaultyBackend::FaultyBackend;
    std::vector<std::string> list_names(std::string_view) const override {
      return {std::to_string(UINT32_MAX - 1)};
    }
  };
  const auto store = std::make_shared<MemoryBackend>();
  VersionRecord last = record_of("last");
  last.number = UINT32_MAX;
  last.datastore = "cats";
  store->create(store::version_key("cats", UINT32_MAX), as_bytes(encode_version_record(last)));
  Datastores datastores(std::make_shared<Racing>(store), no_pause);
  testing::expect_error(ErrorKind::unsupported, "the highest number",
                        [&] { datastores.publish("cats", record_of("a")); });
}

TEST(Publish, ADamagedRecordBeforeIsNotDigested) {
  const auto store = std::make_shared<MemoryBackend>();
  store->create(store::version_key("cats", 1), as_bytes("<html>"));
  const VersionRecord two = Datastores(store).publish("cats", record_of("a"));
  EXPECT_EQ(two.number, 2u);
  EXPECT_FALSE(two.previous);
}

// Of a request that was late, after the listing of the next attempt.
TEST(Publish, AnEarlierAttemptWithAnotherTreeIsNotTakenForThisOne) {
  const auto store = std::make_shared<MemoryBackend>();
  VersionRecord record = record_of("a");
  record.create_id = std::string(create_id_size, 'a');
  const DatastoreKeys before = list_datastore_keys(*store, "cats");
  EXPECT_EQ(Datastores(store).publish("cats", record).number, 1u);
  EXPECT_EQ(Datastores(store).publish("cats", record, before).number, 1u);
  record.root = digest_of(as_bytes("b"));
  EXPECT_EQ(Datastores(store).publish("cats", record, before).number, 2u);
}

TEST(Publish, ARecordCarriesOnTheSumOfWhatIsStored) {
  const auto store = std::make_shared<MemoryBackend>();
  Datastores datastores(store);
  const auto publish = [&](std::uint64_t stored_bytes) {
    VersionRecord record = record_of("a");
    record.stored_bytes = stored_bytes;
    return datastores.publish("cats", record).stored_sum;
  };
  EXPECT_FALSE(publish(5));
  EXPECT_EQ(publish(7), (StoredSum{1, 12}));
  EXPECT_FALSE(publish(UINT64_MAX));  // no room
  EXPECT_FALSE(publish(1));
  EXPECT_EQ(publish(2), (StoredSum{4, 3}));
  store->create(store::version_key("cats", 6), as_bytes("<html>"));
  EXPECT_FALSE(publish(3));  // begins anew
  EXPECT_EQ(publish(4), (StoredSum{7, 7}));
}

TEST(Publish, SaysInItsLeaseBeforeEachAttemptWhatItWillCreate) {
  const auto store = std::make_shared<MemoryBackend>();
  Datastores(store).publish("cats", record_of("other"));
  VersionRecord record = record_of("mine");
  record.datastore = "cats";
  store::Lease lease(*store, "writer");
  // The listing was before the other's version.
  EXPECT_EQ(publish(*store, record, {.lease = &lease}).number, 2u);
  for (const std::uint32_t number : {1u, 2u}) {
    const std::uint32_t slot = number + 1;  // the first one opens the lease
    const Bytes object = store->find(store::lease_slot_key(lease.id(), slot)).value();
    const store::LeaseSlot announced = store::decode_lease_slot(object, lease.id(), slot);
    EXPECT_EQ(announced.publication->key, store::version_key("cats", number));
    EXPECT_EQ(decode_version_record(as_bytes(announced.publication->object), "cats", number).root,
              record.root);
  }
  // A collector that closes it in time keeps the next one from being published.
  store->create(store::lease_slot_key(lease.id(), 4),
                as_bytes(store::encode_lease_slot({.lease = lease.id(),
                                                   .number = 4,
                                                   .state = store::LeaseSlotState::closed,
                                                   .created = "2026-11-22T21:54:45Z"})));
  EXPECT_THROW(publish(*store, record, {.highest_taken = 2, .lease = &lease}), store::LeaseClosed);
  EXPECT_FALSE(store->find(store::version_key("cats", 3)));
}

// Several writers publish over a wire that lies. The requests of one are interrupted by whole
// creates of others, at a depth of a few.
class Simulation {
 public:
  explicit Simulation(unsigned seed) : wire_(store_, seed) {
    wire_.meanwhile = [this] {
      if (depth_ < 3) create();
    };
  }

  void run() {
    for (int i = 0; i < 6; ++i) create();
    wire_.deliver_late(100);
    check();
  }

 private:
  enum class End { stored, failed, unknown };
  struct Create {
    std::string id;
    End end = End::unknown;
    VersionNumber number = 0;
    unsigned calls = 0, numbers_taken = 0;
  };

  void create() {
    ++depth_;
    Create done{.id = random_hex(create_id_size)};
    const auto backend = std::make_shared<testing::LyingBackend>(wire_);
    VersionRecord record = record_of("root");
    record.create_id = done.id;
    try {
      done.number = Datastores(backend, no_pause).publish("cats", record).number;
      done.end = End::stored;
    } catch (const Error& error) {
      const bool known = std::string(error.what()).find("it is not known") == std::string::npos;
      if (known) done.end = End::failed;
    } catch (const testing::Killed&) {  // as unknown
    }
    done.calls = backend->calls();
    done.numbers_taken = static_cast<unsigned>(store_->list_names(versions_).size());
    creates_.push_back(std::move(done));
    --depth_;
  }

  void check() const {
    std::map<std::string, std::vector<VersionNumber>> made;
    const auto count = static_cast<VersionNumber>(store_->list_names(versions_).size());
    for (VersionNumber number = 1; number <= count; ++number) {
      const std::optional<Bytes> record = store_->find(store::version_key("cats", number));
      ASSERT_TRUE(record) << number << " is missing";
      made[decode_version_record(*record, "cats", number).create_id].push_back(number);
    }
    for (const Create& create : creates_) {
      const std::vector<VersionNumber>& numbers = made[create.id];
      EXPECT_LE(numbers.size(), 1u) << "published twice";
      if (create.end == End::stored) {
        EXPECT_EQ(numbers, std::vector{create.number}) << "lost";
      } else if (create.end == End::failed) {
        EXPECT_TRUE(numbers.empty()) << "failed though it is published";
      }
      // Two listings and the record before; for each number five creates, each with two looks.
      EXPECT_LE(create.calls, 4 + 15 * (create.numbers_taken + 1));
    }
  }

  const std::string versions_ = store::versions_prefix("cats");
  const std::shared_ptr<MemoryBackend> store_ = std::make_shared<MemoryBackend>();
  testing::LyingWire wire_;
  std::vector<Create> creates_;
  int depth_ = 0;
};

void simulate(unsigned seed_first, unsigned seed_end) {
  for (unsigned seed = seed_first; seed < seed_end; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Simulation(seed).run();
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(Publish, NothingIsLostOrMadeTwiceOverAWireThatLies) { simulate(0, 300); }

// tests/CMakeLists.txt runs it with the slow tests.
TEST(Publish, DISABLED_NothingIsLostOrMadeTwiceIn10000Seeds) { simulate(1'000, 11'000); }

}  // namespace
}  // namespace grid::dataset
