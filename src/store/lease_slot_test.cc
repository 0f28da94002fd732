#include "store/lease_slot.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "store/sealed_json.h"
#include "tests/support/expect_error.h"

namespace grid::store {
namespace {

constexpr LeaseId lease{{std::byte{1}, std::byte{2}}};
const Publication publication{"datastores/cats/versions/3", "{\n \"ä\": \"\\u0001\"}\n"};

LeaseSlot slot(std::uint32_t number, LeaseSlotState state) {
  LeaseSlot made{
      .lease = lease, .number = number, .state = state, .created = "2026-11-22T21:54:45Z"};
  if (number == 1) made.collection = 4;
  return made;
}

LeaseSlot read_back(const LeaseSlot& written) {
  return decode_lease_slot(as_bytes(encode_lease_slot(written)), written.lease, written.number);
}

TEST(LeaseSlot, IsReadAsItWasWritten) {
  LeaseSlot first = slot(1, LeaseSlotState::open);
  first.holder = "ann@box: create cats";
  LeaseSlot publishing = slot(2, LeaseSlotState::publishing);
  publishing.publication = publication;
  LeaseSlot closed = slot(3, LeaseSlotState::closed);
  EXPECT_EQ(read_back(first), first);
  EXPECT_EQ(read_back(publishing), publishing);
  EXPECT_EQ(read_back(closed), closed);
  closed.publication = publication;
  EXPECT_EQ(read_back(closed), closed);
}

TEST(LeaseSlot, IsTakenForNoOther) {
  const std::string text = encode_lease_slot(slot(2, LeaseSlotState::open));
  testing::expect_error(ErrorKind::corrupt, "slot",
                        [&] { decode_lease_slot(as_bytes(text), lease, 3); });
  testing::expect_error(ErrorKind::corrupt, "lease",
                        [&] { decode_lease_slot(as_bytes(text), LeaseId{}, 2); });
}

TEST(LeaseSlot, IsRefusedWithAnyBitTurned) {
  LeaseSlot publishing = slot(2, LeaseSlotState::publishing);
  publishing.publication = publication;
  const std::string text = encode_lease_slot(publishing);
  for (std::size_t bit = 0; bit < 8 * text.size(); ++bit) {
    std::string turned = text;
    turned[bit / 8] = static_cast<char>(turned[bit / 8] ^ (1 << bit % 8));
    try {
      EXPECT_EQ(decode_lease_slot(as_bytes(turned), lease, 2), publishing);
    } catch (const Error&) {  // as it should be
    }
  }
}

TEST(LeaseSlot, OfWhichARuleIsBrokenIsRefused) {
  const auto refused = [](std::uint32_t number, nlohmann::json members) {
    nlohmann::json value = {{"lease", lease.hex()},
                            {"slot", number},
                            {"state", "open"},
                            {"created", "2026-11-22T21:54:45Z"}};
    if (number == 1) value.update({{"collection", 0}, {"holder", "ann"}});
    const std::string good = seal({.grid = "lease", .companion = "lease"}, value);
    EXPECT_NO_THROW(decode_lease_slot(as_bytes(good), lease, number));
    value.update(members);
    const std::string text = seal({.grid = "lease", .companion = "lease"}, value);
    EXPECT_THROW(decode_lease_slot(as_bytes(text), lease, number), Error) << members;
  };
  refused(1, {{"state", "closed"}});
  refused(1, {{"collection", -1}});
  refused(1, {{"holder", std::string(lease_holder_size_max + 1, 'x')}});
  refused(2, {{"state", "asleep"}});
  refused(2, {{"created", "yesterday"}});
  refused(2, {{"state", "publishing"}});
  refused(2, {{"key", "datastores/cats/versions/3"}, {"object", "{}"}});
  const auto announced = [](std::string key, std::string object) {
    return nlohmann::json{{"state", "publishing"}, {"key", key}, {"object", object}};
  };
  refused(2, announced("store.json", "{}"));
  refused(2, announced("datastores/cats/deleted/3", "{}"));
  refused(2, announced("datastores/cats/versions/03", "{}"));
  refused(2, announced("datastores/cats/versions/3", ""));
}

TEST(LeaseSlot, DoesNotAnnounceWhatItCannotKeep) {
  LeaseSlot publishing = slot(2, LeaseSlotState::publishing);
  publishing.publication = publication;
  publishing.publication->object = "\xff";
  testing::expect_error(ErrorKind::invalid_argument, "not all UTF-8",
                        [&] { encode_lease_slot(publishing); });
  publishing.publication->object = std::string(sealed_size_max, 'x');
  testing::expect_error(ErrorKind::invalid_argument, "bytes",
                        [&] { encode_lease_slot(publishing); });
}

TEST(LeaseSlot, KeysSayWhichLeaseAndSlot) {
  const auto at = parse_lease_slot_key("leases/0102000000000000-12");
  ASSERT_TRUE(at);
  EXPECT_EQ(at->lease, lease);
  EXPECT_EQ(at->slot, 12u);
  EXPECT_EQ(lease_slot_key(lease, 12), "leases/0102000000000000-12");
  for (const char* key : {"leases/0102000000000000", "leases/0102000000000000-0",
                          "leases/0102000000000000-01", "leases/01-1", "leases/010200000000000g-1",
                          "packs/0102000000000000-1", "leases/0102000000000000-1/2"})
    EXPECT_FALSE(parse_lease_slot_key(key)) << key;
  EXPECT_EQ(collection_of_condemnation_key(condemnation_key(7)), 7u);
  for (const char* key : {"collections/-condemned", "collections/0-condemned", "collections/7",
                          "collections/7-verdict", "7-condemned", "collections/x-condemned"})
    EXPECT_FALSE(collection_of_condemnation_key(key)) << key;
}

}  // namespace
}  // namespace grid::store
