#include "store/chunker.h"

#include <gtest/gtest.h>

#include <set>

#include "base/digest.h"
#include "tests/support/random_bytes.h"

namespace grid::store {
namespace {

std::vector<BytesView> cut_all(BytesView data) {
  std::vector<BytesView> chunks;
  while (!data.empty()) {
    std::size_t size = first_cut(data);
    chunks.push_back(data.first(size));
    data = data.subspan(size);
  }
  return chunks;
}

TEST(Chunker, ChunksAreWithinBoundsAndAboutTheTarget) {
  std::string data = testing::random_bytes(8 << 20, 1);
  std::vector<BytesView> chunks = cut_all(as_bytes(data));
  std::size_t total = 0;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    total += chunks[i].size();
    EXPECT_LE(chunks[i].size(), chunk_size_max);
    if (i + 1 < chunks.size()) {
      EXPECT_GT(chunks[i].size(), chunk_size_min);
    }
  }
  EXPECT_EQ(total, data.size());
  std::size_t average = total / chunks.size();
  EXPECT_GT(average, chunk_size_target * 3 / 4);
  EXPECT_LT(average, chunk_size_target * 3 / 2);
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
  EXPECT_EQ(first_cut(as_bytes(data)), first_cut(as_bytes(data).first(chunk_size_max)));
}

TEST(Chunker, DataWithoutFeaturesIsCutAtTheMaximum) {
  Bytes zeros(1 << 20);
  std::fill(zeros.begin(), zeros.end(), std::byte{0});
  EXPECT_EQ(first_cut(zeros), chunk_size_max);
  EXPECT_EQ(first_cut(BytesView(zeros).first(100)), 100u);
  EXPECT_EQ(first_cut(BytesView(zeros).first(1)), 1u);
}

// Cuts are not part of what readers need, but two programs that cut differently share nothing:
// a change here makes every user store everything again.
TEST(Chunker, CutsWhereItAlwaysDid) {
  std::string data = testing::random_bytes(256 << 10, 4);
  std::vector<std::size_t> sizes;
  for (BytesView chunk : cut_all(as_bytes(data))) sizes.push_back(chunk.size());
  EXPECT_EQ(sizes, (std::vector<std::size_t>{17134, 5050, 17858, 24276, 7564, 19453, 16645, 18856,
                                             17201, 24868, 21813, 21633, 27922, 14736, 7135}));
}

}  // namespace
}  // namespace grid::store
