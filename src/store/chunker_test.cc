#include "store/chunker.h"

#include <gtest/gtest.h>

#include <set>

#include "base/digest.h"
#include "tests/support/random_bytes.h"

namespace grid::store {
namespace {

std::vector<BytesView> cut_all(BytesView data, const CutSizes& sizes = cuts) {
  std::vector<BytesView> chunks;
  while (!data.empty()) {
    std::size_t size = first_cut(data, sizes);
    chunks.push_back(data.first(size));
    data = data.subspan(size);
  }
  return chunks;
}

TEST(Chunker, ChunksAreWithinBoundsAndAboutTheAverage) {
  std::string data = testing::random_bytes(8 << 20, 1);
  for (const CutSizes& sizes : {cuts, fine_cuts}) {
    std::vector<BytesView> chunks = cut_all(as_bytes(data), sizes);
    std::size_t total = 0;
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      total += chunks[i].size();
      EXPECT_LE(chunks[i].size(), sizes.size_max);
      if (i + 1 < chunks.size()) {
        EXPECT_GT(chunks[i].size(), sizes.size_min);
      }
    }
    EXPECT_EQ(total, data.size());
    std::size_t expected = sizes.size_min + (std::size_t{1} << sizes.bits);
    EXPECT_GT(total / chunks.size(), expected * 7 / 8);
    EXPECT_LT(total / chunks.size(), expected * 9 / 8);
  }
}

TEST(Chunker, AnInsertionChangesAFewChunksOnly) {
  std::string data = testing::random_bytes(8 << 20, 2);
  std::string longer = data;
  longer.insert(1 << 20, "a few bytes more");
  std::set<Digest> before;
  for (BytesView chunk : cut_all(as_bytes(data))) before.insert(digest_of(chunk));
  std::size_t new_chunks = 0;
  for (BytesView chunk : cut_all(as_bytes(longer)))
    if (!before.contains(digest_of(chunk))) ++new_chunks;
  EXPECT_GE(new_chunks, 1u);
  EXPECT_LE(new_chunks, 5u);
}

TEST(Chunker, CutsDoNotDependOnWhatFollowsTheWindow) {
  std::string data = testing::random_bytes(1 << 20, 3);
  EXPECT_EQ(first_cut(as_bytes(data), cuts), first_cut(as_bytes(data).first(chunk_size_max), cuts));
}

// Holes of sparse files are not read: they are known to be cut like this.
TEST(Chunker, ZerosAreCutAtTheMaximum) {
  Bytes zeros(1 << 20);
  std::fill(zeros.begin(), zeros.end(), std::byte{0});
  for (const CutSizes& sizes : {cuts, fine_cuts}) {
    EXPECT_EQ(first_cut(zeros, sizes), sizes.size_max);
    EXPECT_EQ(first_cut(BytesView(zeros).first(sizes.size_max - 1), sizes), sizes.size_max - 1);
    EXPECT_EQ(first_cut(BytesView(zeros).first(1), sizes), 1u);
  }
}

// Cuts are not part of what readers need, but two programs that cut differently share nothing:
// a change here makes every user store everything again.
TEST(Chunker, CutsWhereItAlwaysDid) {
  std::string data = testing::random_bytes(256 << 10, 4);
  std::vector<std::size_t> sizes;
  for (BytesView chunk : cut_all(as_bytes(data))) sizes.push_back(chunk.size());
  EXPECT_EQ(sizes, (std::vector<std::size_t>{13680, 8504, 10513, 9299, 25810, 13941, 21214, 9464,
                                             9550, 12174, 9888, 9583, 15285, 21813, 10531, 15374,
                                             32615, 12906}));
  sizes.clear();
  for (BytesView chunk : cut_all(as_bytes(data).first(64 << 10), fine_cuts))
    sizes.push_back(chunk.size());
  EXPECT_EQ(sizes, (std::vector<std::size_t>{5626, 8054, 7426, 3983, 7608, 5263, 4036, 5411, 6538,
                                             10373, 1218}));
}

}  // namespace
}  // namespace grid::store
