#include "source/gunzip.h"

#include "base/error.h"
#include "tests/support/gzip.h"
#include "tests/support/random_bytes.h"
#include "tests/support/text_stream.h"

namespace grid::source {
namespace {

using testing::gzip;
using testing::read_all;
using testing::TextStream;

// Blocks of all kinds: stored, with fixed codes, with codes of their own.
const std::string& unpacked() {
  static const std::string text = [] {
    std::string all;
    for (unsigned i = 0; i < 400'000; ++i) all += "line " + std::to_string(i * i % 9973) + "\n";
    return all + testing::random_bytes(3'000'000, 1) + std::string(3'000'000, 'x');
  }();
  return text;
}
const std::string& packed() {
  static const std::string bytes = gzip(std::string_view(unpacked()).substr(0, 5'000'000)) +
                                   gzip(std::string_view(unpacked()).substr(5'000'000), 1);
  return bytes;
}

std::unique_ptr<ByteStream> stream_of(std::string_view bytes, std::size_t piece = -1) {
  return std::make_unique<TextStream>(bytes, piece);
}

TEST(Gunzip, UnpacksMembersOneAfterTheOther) {
  Gunzip whole(stream_of(packed()));
  EXPECT_EQ(read_all(whole), unpacked());
  Gunzip byte_by_byte(stream_of(packed(), 7));
  EXPECT_EQ(read_all(byte_by_byte), unpacked());
}

TEST(Gunzip, ContinuesAtEachOfItsPoints) {
  Gunzip first(stream_of(packed(), 1000));
  std::shared_ptr<const GunzipPoint> last;
  int points = 0, within_bytes = 0;
  while (!read_all(first, 100'000).empty()) {
    if (first.last_point() == last) continue;
    last = first.last_point();
    ++points;
    within_bytes += last->bits > 0 ? 1 : 0;
    Gunzip second(stream_of(std::string_view(packed()).substr(last->packed)), *last);
    EXPECT_EQ(read_all(second), unpacked().substr(last->unpacked)) << last->unpacked;
  }
  EXPECT_GE(points, 6);
  EXPECT_GE(within_bytes, 1);
}

TEST(Gunzip, ContinuesAtAPointOfAContinuedOne) {
  Gunzip first(stream_of(packed(), 1000));
  read_all(first, 2'000'000);
  const GunzipPoint begin = *first.last_point();
  Gunzip second(stream_of(std::string_view(packed()).substr(begin.packed), 1000), begin);
  read_all(second, 1'500'000);
  const GunzipPoint later = *second.last_point();
  ASSERT_GT(later.unpacked, begin.unpacked);
  Gunzip third(stream_of(std::string_view(packed()).substr(later.packed)), later);
  EXPECT_EQ(read_all(third), unpacked().substr(later.unpacked));
}

TEST(Gunzip, ComparesChecksumAndSizeAfterAPointToo) {
  const std::string one = gzip(unpacked());
  Gunzip first(stream_of(one));
  read_all(first, 4'000'000);
  const GunzipPoint point = *first.last_point();
  for (std::size_t from_end : {1, 5}) {
    std::string damaged = one;
    damaged[damaged.size() - from_end] ^= 1;
    Gunzip second(stream_of(std::string_view(damaged).substr(point.packed)), point);
    EXPECT_THROW(read_all(second), Error) << from_end;
  }
  Gunzip cut(stream_of(std::string_view(one).substr(point.packed, one.size() - point.packed - 3)),
             point);
  EXPECT_THROW(read_all(cut), Error);
}

}  // namespace
}  // namespace grid::source
