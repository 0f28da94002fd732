#include "net/s3_checksum.h"

#include <gtest/gtest.h>

#include "tests/support/random_bytes.h"

namespace grid::net {
namespace {

std::string why_wrong(HttpHeaders headers, std::string_view text, std::size_t piece_size = 1000) {
  const std::unique_ptr<S3Checksum> checksum = S3Checksum::find(headers);
  if (!checksum) return "none";
  for (std::string_view rest = text; !rest.empty();
       rest.remove_prefix(std::min(piece_size, rest.size())))
    checksum->update(as_bytes(rest.substr(0, piece_size)));
  return checksum->why_wrong();
}

// The check values of the catalogues of CRCs, in base64.
const HttpHeaders known[] = {
    {{"x-amz-checksum-crc32", "y/Q5Jg=="}},
    {{"x-amz-checksum-crc32c", "4waSgw=="}},
    {{"x-amz-checksum-crc64nvme", "rosUhgp5mIg="}},
    {{"x-amz-checksum-sha256", "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="}}};

TEST(S3ChecksumTest, KnowsThoseThatServersKeep) {
  for (const HttpHeaders& headers : known)
    for (const std::size_t piece_size : {1u, 3u, 8u, 9u}) {
      EXPECT_EQ(why_wrong(headers, "123456789", piece_size), "");
      EXPECT_NE(why_wrong(headers, "123456788", piece_size), "");
    }
  EXPECT_EQ(why_wrong({{"x-amz-checksum-crc32", "AAAAAA=="}}, "123456789"),
            "its CRC32 is y/Q5Jg==, not AAAAAA==");
}

TEST(S3ChecksumTest, IsTheSameWhateverThePiecesAre) {
  const std::string text = testing::random_bytes(10'000, 1);
  for (const HttpHeaders& headers : known) {
    const std::string whole = why_wrong(headers, text, text.size());
    for (const std::size_t piece_size : {1u, 7u, 64u, 1000u})
      EXPECT_EQ(why_wrong(headers, text, piece_size), whole);
  }
}

TEST(S3ChecksumTest, OfPartsIsNone) {
  EXPECT_EQ(why_wrong({}, "123456789"), "none");
  EXPECT_EQ(why_wrong({{"x-amz-checksum-crc32", "y/Q5Jg==-3"}}, "123456789"), "none");
  EXPECT_EQ(why_wrong({{"x-amz-checksum-crc32", "y/Q5Jg=="}, {"x-amz-checksum-type", "COMPOSITE"}},
                      "123456789"),
            "none");
  EXPECT_EQ(
      why_wrong({{"x-amz-checksum-crc32", "y/Q5Jg=="}, {"x-amz-checksum-type", "FULL_OBJECT"}},
                "123456789"),
      "");
}

}  // namespace
}  // namespace grid::net
