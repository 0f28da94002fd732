#include <gtest/gtest.h>

#include <thread>

#include "store/lease_keeper.h"
#include "store/pack_list.h"
#include "tests/support/expect_error.h"
#include "tests/support/faulty_backend.h"
#include "tests/support/memory_backend.h"

namespace grid::store {
namespace {

using testing::FaultyBackend;
using testing::MemoryBackend;

constexpr std::chrono::milliseconds no_pause{0};
constexpr PackId pack_1{{std::byte{1}}}, pack_2{{std::byte{2}}};
constexpr std::string_view key = "datastores/cats/versions/1";

std::vector<std::string> slots(const backend::Backend& backend) {
  return backend.list_names(leases_prefix());
}

void close(backend::Backend& backend, const LeaseId& lease, std::uint32_t number) {
  const LeaseSlot closing{.lease = lease,
                          .number = number,
                          .state = LeaseSlotState::closed,
                          .created = "2026-11-22T21:54:45Z"};
  ASSERT_TRUE(backend.create(lease_slot_key(lease, number), as_bytes(encode_lease_slot(closing))));
}

TEST(Lease, LeavesNothingWhenItEnds) {
  MemoryBackend backend;
  Lease lease(backend, "ann", no_pause);
  lease.beat();
  lease.announce(key, "{}");
  EXPECT_EQ(slots(backend).size(), 3u);
  lease.settle();
  lease.end();
  EXPECT_TRUE(slots(backend).empty());
}

TEST(Lease, StaysWhileItIsNotKnownWhetherItsWriterHasPublished) {
  MemoryBackend backend;
  Lease lease(backend, "ann", no_pause);
  lease.announce(key, "{}");
  lease.end();
  EXPECT_EQ(slots(backend).size(), 2u);
}

TEST(Lease, ExcludesWhatIsCondemnedUntilTheVerdictThenWhatThatNames) {
  MemoryBackend backend;
  EXPECT_TRUE(Lease(backend, "ann", no_pause).excluded().empty());
  backend.create(condemnation_key(1), encode_condemnation(1, {pack_1, pack_2}));
  EXPECT_EQ(Lease(backend, "ann", no_pause).excluded(), (std::set<PackId>{pack_1, pack_2}));
  backend.create(verdict_key(1), encode_verdict(1, {pack_2}));
  EXPECT_EQ(Lease(backend, "ann", no_pause).excluded(), std::set<PackId>{pack_2});
}

TEST(Lease, NamesTheCollectionThatWasThereBeforeItAndExcludesWhatBeganMeanwhile) {
  class Condemning : public MemoryBackend {
   public:
    bool create(std::string_view made, BytesView data) override {
      if (made.starts_with(leases_prefix()))
        MemoryBackend::create(condemnation_key(1), encode_condemnation(1, {pack_1}));
      return MemoryBackend::create(made, data);
    }
  } backend;
  const Lease lease(backend, "ann", no_pause);
  EXPECT_EQ(lease.excluded(), std::set<PackId>{pack_1});
  EXPECT_EQ(
      decode_lease_slot(*backend.find(lease_slot_key(lease.id(), 1)), lease.id(), 1).collection,
      0u);
}

TEST(Lease, RefusesAVerdictOnWhatWasNotCondemned) {
  MemoryBackend backend;
  backend.create(condemnation_key(1), encode_condemnation(1, {pack_1}));
  backend.create(verdict_key(1), encode_verdict(1, {pack_2}));
  testing::expect_error(ErrorKind::corrupt, "not condemned",
                        [&] { Lease(backend, "ann", no_pause); });
}

TEST(Lease, ThatWasClosedAnnouncesNothing) {
  MemoryBackend backend;
  Lease lease(backend, "ann", no_pause);
  close(backend, lease.id(), 2);
  EXPECT_THROW(lease.beat(), LeaseClosed);
  EXPECT_THROW(lease.announce(key, "{}"), LeaseClosed);
  lease.end();
  EXPECT_EQ(slots(backend).size(), 2u) << "a closing is never removed";
}

TEST(Lease, IsWithdrawnUnlessItWasClosed) {
  MemoryBackend backend;
  Lease first(backend, "ann", no_pause), second(backend, "ben", no_pause);
  first.announce(key, "{}");
  EXPECT_TRUE(first.withdraw());
  second.announce(key, "{}");
  close(backend, second.id(), 3);
  EXPECT_FALSE(second.withdraw());
  first.end();
  second.end();
  EXPECT_EQ(slots(backend).size(), 6u);
}

// A beat that seemed lost, and came to be, is no closing.
TEST(Lease, GoesOnBehindItsOwnSlots) {
  MemoryBackend backend;
  Lease lease(backend, "ann", no_pause);
  LeaseSlot late{.lease = lease.id(), .number = 2, .created = "2026-11-22T21:54:45Z"};
  backend.create(lease_slot_key(lease.id(), 2), as_bytes(encode_lease_slot(late)));
  lease.announce(key, "{}");
  EXPECT_TRUE(backend.find(lease_slot_key(lease.id(), 3)));
}

TEST(Lease, SettlesLostAnswersByWhatIsThere) {
  for (const bool after : {false, true})
    for (std::uint64_t failing = 1; failing < 20; ++failing) {
      const auto store = std::make_shared<MemoryBackend>();
      FaultyBackend backend(store);
      backend.fail_call(failing, after);
      try {
        Lease lease(backend, "ann", no_pause);
        lease.announce(key, "{}");
        const LeaseSlot last =
            decode_lease_slot(*store->find(lease_slot_key(lease.id(), 2)), lease.id(), 2);
        EXPECT_EQ(last.state, LeaseSlotState::publishing);
      } catch (const LeaseClosed&) {
        ADD_FAILURE() << "nobody has closed it";
      } catch (const Error&) {  // of a look, which is not repeated
      }
    }
}

TEST(LeaseKeeperTest, BeatsNowAndThenUntilItIsStopped) {
  testing::MemoryBackend backend;
  const auto count = [&] { return slots(backend).size(); };
  Lease lease(backend, "test");
  {
    const LeaseKeeper keeper(lease);
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
  }
  EXPECT_EQ(count(), 1u) << "it is not yet time";
  LeaseKeeper keeper(lease, std::chrono::milliseconds(1));
  while (count() < 4) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  keeper.stop();
  const std::size_t last = count();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(count(), last);
  lease.end();
  EXPECT_EQ(count(), 0u);
}

}  // namespace
}  // namespace grid::store
