#include "store/pack_list.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace grid::store {
namespace {

PackId pack(unsigned n) {
  PackId id;
  id.bytes[0] = std::byte(n);
  return id;
}

TEST(PackList, IsReadAsItWasWritten) {
  const std::vector<PackId> packs = {pack(1), pack(2), pack(9)};
  const Digest root = digest_of(as_bytes("root"));
  EXPECT_EQ(decode_condemnation(encode_condemnation(7, packs), 7, "x"), packs);
  EXPECT_EQ(decode_verdict(encode_verdict(7, packs), 7, "x"), packs);
  EXPECT_EQ(decode_verdict(encode_verdict(7, {}), 7, "x"), std::vector<PackId>());
  const std::vector<PackShare> shares = {{pack(1), 5}, {pack(2), 0}, {pack(9), 1ull << 40}};
  EXPECT_EQ(decode_summary(encode_summary(root, shares), root, "x"), shares);
  EXPECT_EQ(decode_summary(encode_summary(root, {}), root, "x"), std::vector<PackShare>());
}

TEST(PackList, IsTakenForNoOther) {
  const std::vector<PackId> packs = {pack(1)};
  const Digest root = digest_of(as_bytes("root")), other = digest_of(as_bytes("other"));
  const Bytes condemnation = encode_condemnation(7, packs), verdict = encode_verdict(7, packs);
  const auto refused = [](const auto& decode) {
    testing::expect_error(ErrorKind::corrupt, "x: is ", decode);
  };
  refused([&] { decode_condemnation(condemnation, 8, "x"); });
  refused([&] { decode_condemnation(verdict, 7, "x"); });
  refused([&] { decode_verdict(condemnation, 7, "x"); });
  refused([&] { decode_summary(verdict, root, "x"); });
  refused([&] { decode_summary(encode_summary(root, {{pack(1), 1}}), other, "x"); });
}

// Whatever happens to its bytes, a list says what it said or is refused.
TEST(PackList, IsRefusedWithAnyBitTurnedOrAnyByteMissing) {
  const Digest root = digest_of(as_bytes("root"));
  const auto refuses = [](const Bytes& bytes, const auto& decode) {
    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
      Bytes turned = bytes;
      turned[bit / 8] ^= std::byte(1u << bit % 8);
      EXPECT_THROW(decode(turned), Error) << bit;
    }
    for (std::size_t size = 0; size < bytes.size(); ++size)
      EXPECT_THROW(decode(Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size))),
                   Error)
          << size;
    Bytes longer = bytes;
    longer.push_back(std::byte{});
    EXPECT_THROW(decode(longer), Error);
  };
  refuses(encode_condemnation(7, {pack(1), pack(2)}),
          [](const Bytes& bytes) { return decode_condemnation(bytes, 7, "x"); });
  refuses(encode_summary(root, {{pack(1), 1}, {pack(2), 2}}),
          [&](const Bytes& bytes) { return decode_summary(bytes, root, "x"); });
}

// With a digest that is right: whoever writes to a store can write that.
Bytes sealed(Bytes body) {
  append(body, BytesView(digest_of(body).bytes));
  return body;
}

TEST(PackList, HoldsPacksInTheirOrderAndNoneTwice) {
  Bytes good = encode_verdict(7, {pack(1), pack(2)});
  good.resize(good.size() - sizeof(Digest));
  EXPECT_EQ(decode_verdict(sealed(good), 7, "x").size(), 2u);
  for (const unsigned second : {0u, 1u}) {
    Bytes bad = good;
    bad[16 + sizeof(PackId)] = std::byte(second);
    testing::expect_error(ErrorKind::corrupt, "in their order",
                          [&] { decode_verdict(sealed(bad), 7, "x"); });
  }
}

TEST(PackList, OfMorePacksThanAListMayHaveIsRefusedUnread) {
  Bytes huge = encode_verdict(7, {});
  const std::uint32_t count = UINT32_MAX;
  std::memcpy(huge.data() + 12, &count, sizeof count);
  testing::expect_error(ErrorKind::corrupt, "too many packs",
                        [&] { decode_verdict(huge, 7, "x"); });
}

TEST(PackList, OfANewerFormatIsNamedAsThat) {
  Bytes newer = encode_verdict(7, {});
  newer[4] = std::byte{2};
  testing::expect_error(ErrorKind::unsupported, "use a newer grid",
                        [&] { decode_verdict(newer, 7, "x"); });
}

TEST(PackList, ACondemnationOfNothingIsRefused) {
  Bytes empty = encode_verdict(7, {});
  empty[6] = std::byte{1};
  empty.resize(empty.size() - sizeof(Digest));
  testing::expect_error(ErrorKind::corrupt, "lists no pack",
                        [&] { decode_condemnation(sealed(empty), 7, "x"); });
}

}  // namespace
}  // namespace grid::store
