#include "base/digest.h"

#include <gtest/gtest.h>

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
  Bytes bytes = to_bytes(std::string("\0\x01\x7f\x80\xff", 5));
  EXPECT_EQ(to_hex(bytes), "00017f80ff");
  Bytes back(5);
  EXPECT_TRUE(from_hex("00017f80ff", back));
  EXPECT_EQ(back, bytes);
  EXPECT_FALSE(from_hex("00017F80FF", back));
}

}  // namespace
}  // namespace grid
