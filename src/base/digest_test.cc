#include "base/digest.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/hex.h"

namespace grid {
namespace {

TEST(Digest, IsBlake3AsB3sumPrintsIt) {
  EXPECT_EQ(digest_of({}).hex(),
            "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262");
  // The official test vectors' input: bytes 0, 1, … 250, 0, 1, …
  Bytes input(102400);
  for (std::size_t i = 0; i < input.size(); ++i) input[i] = static_cast<std::byte>(i % 251);
  EXPECT_EQ(digest_of(input).hex(),
            "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085");
}

TEST(Digest, InPiecesIsTheDigestOfTheWhole) {
  std::string text(100000, 'x');
  Digester digester;
  digester.update(as_bytes(text).first(33333));
  digester.update(as_bytes(text).subspan(33333));
  EXPECT_EQ(digester.finish(), digest_of(as_bytes(text)));
}

// On a processor without lanes this compares the official code with itself.
TEST(Digest, OfManyPiecesEqualsThatOfEach) {
  Bytes data(400'000);
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::byte>(i * i % 251);
  auto check = [&](const std::vector<std::size_t>& sizes) {
    std::vector<BytesView> pieces;
    for (std::size_t i = 0; i < sizes.size(); ++i)
      pieces.push_back(BytesView(data).subspan(i, sizes[i]));
    std::vector<Digest> digests(pieces.size());
    digest_all(pieces, digests);
    for (std::size_t i = 0; i < pieces.size(); ++i)
      ASSERT_EQ(digests[i], digest_of(pieces[i])) << sizes[i] << " bytes, piece " << i;
  };
  check({});
  for (std::size_t size = 0; size < 2200; ++size) check({size, 0, size * 3, 65, size / 2});
  for (std::size_t leaves = 2; leaves < 70; ++leaves)
    check({leaves * 1024 - 1, leaves * 1024, leaves * 1024 + 1});
  check(std::vector<std::size_t>(100, 16'400));
  check({300'000, 1, 64 << 10, 399'990});
}

TEST(Digest, ParsesWhatItPrintsAndNothingElse) {
  Digest digest = digest_of(as_bytes("cats"));
  EXPECT_EQ(parse_digest(digest.hex()), digest);
  EXPECT_FALSE(parse_digest(digest.hex().substr(1)));
  EXPECT_FALSE(parse_digest(std::string(64, 'g')));
  EXPECT_FALSE(parse_digest(""));
}

TEST(Digest, PrefixSortsAsTheDigestDoes) {
  Digest previous = digest_of(as_bytes("0"));
  for (int i = 1; i < 1000; ++i) {
    Digest digest = digest_of(as_bytes(std::to_string(i)));
    EXPECT_EQ(previous < digest, previous.prefix() < digest.prefix());
    previous = digest;
  }
}

TEST(Hex, RoundTrips) {
  const std::string bytes("\0\x01\x7f\x80\xff", 5);
  EXPECT_EQ(to_hex(as_bytes(bytes)), "00017f80ff");
  Bytes back(5);
  EXPECT_TRUE(from_hex("00017f80ff", back));
  EXPECT_EQ(as_text(back), bytes);
  EXPECT_FALSE(from_hex("00017F80FF", back));
}

TEST(Hex, IsSoManyDigits) {
  EXPECT_TRUE(is_hex("09af", 4));
  EXPECT_TRUE(is_hex("", 0));
  for (const char* other : {"09a", "09aff", "09aF", "09ag", "09a/", "09a:", "09a`"})
    EXPECT_FALSE(is_hex(other, 4)) << other;
}

}  // namespace
}  // namespace grid
