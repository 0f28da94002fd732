#include "tree/sequential_reads.h"

#include <gtest/gtest.h>

namespace grid::tree {
namespace {

constexpr std::uint64_t mib = 1 << 20;
const Digest content = digest_of({});

TEST(SequentialReads, RecognisesASequentialReaderAndPredictsEachByteOnce) {
  SequentialReads reads;
  std::uint64_t said = 0, first = 0;
  for (std::uint64_t at = 0; at < 1000 * mib; at += mib)
    if (auto range = reads.note(content, at, at + mib, 1000 * mib)) {
      if (first == 0) first = said = range->begin;
      EXPECT_EQ(range->begin, said) << at;
      EXPECT_GE(range->begin, at + mib);
      said = range->end;
    } else if (at > 8 * mib) {
      EXPECT_GE(said, std::min(at + 30 * mib, 1000 * mib)) << "not far enough ahead";
    }
  EXPECT_LE(first, 2 * mib);
  EXPECT_EQ(said, 1000 * mib);
}

TEST(SequentialReads, PredictsLittleForAReaderThatHasReadLittle) {
  SequentialReads reads;
  EXPECT_FALSE(reads.note(content, 0, mib / 2, 1000 * mib));
  const auto range = reads.note(content, mib / 2, mib, 1000 * mib);
  ASSERT_TRUE(range);
  EXPECT_LE(range->end, 17 * mib);
}

TEST(SequentialReads, PredictsNoMoreThanTheWindow) {
  SequentialReads reads(8 * mib), none(0);
  std::uint64_t furthest = 0;
  for (std::uint64_t at = 0; at < 100 * mib; at += mib) {
    EXPECT_FALSE(none.note(content, at, at + mib, 1000 * mib));
    if (auto range = reads.note(content, at, at + mib, 1000 * mib))
      furthest = std::max(furthest, range->end - (at + mib));
  }
  EXPECT_EQ(furthest, 8 * mib);
}

TEST(SequentialReads, DistinguishesFourReadersOfOneFile) {
  SequentialReads reads;
  std::array<bool, 4> said{};
  for (std::uint64_t at = 0; at < 20 * mib; at += mib / 4)
    for (std::uint64_t reader = 0; reader < 4; ++reader) {
      const std::uint64_t begin = reader * 200 * mib + at;
      if (auto range = reads.note(content, begin, begin + mib / 4, 1000 * mib)) {
        said[reader] = true;
        EXPECT_GE(range->begin, begin + mib / 4);
        EXPECT_LE(range->end, begin + 70 * mib);
      }
    }
  EXPECT_EQ(said, (std::array<bool, 4>{true, true, true, true}));
}

TEST(SequentialReads, SlightlyUnorderedReadsAreOneReader) {
  SequentialReads reads;
  bool said = false;
  for (std::uint64_t at = 0; at < 20 * mib; at += 2 * mib)
    for (std::uint64_t begin : {at + mib, at})
      said = reads.note(content, begin, begin + mib, 100 * mib).has_value() || said;
  EXPECT_TRUE(said);
}

TEST(SequentialReads, PredictsNothingForScatteredReadsAndSmallFiles) {
  SequentialReads reads;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const std::uint64_t at = i * 7919 % 1000 * mib;
    EXPECT_FALSE(reads.note(content, at, at + mib / 4, 1000 * mib));
  }
  for (std::uint64_t at = 0; at < 8 * mib; at += mib)
    EXPECT_FALSE(reads.note(content, at, at + mib, 8 * mib));
}

}  // namespace
}  // namespace grid::tree
