#include "cache/eviction.h"

#include <gtest/gtest.h>

#include <map>

namespace grid::cache {
namespace {

BlockInCache block(std::uint32_t number, std::uint32_t stamp, bool main, std::uint8_t uses) {
  return {.object = 0,
          .block = number,
          .size = 10,
          .state = {.present = true, .main = main, .uses = uses, .stamp = stamp}};
}

// The last verdict on each block.
std::map<std::uint32_t, Fate> fates(std::vector<BlockInCache> blocks, std::uint64_t size_to_free,
                                    std::uint64_t size_max) {
  std::map<std::uint32_t, Fate> result;
  for (const Verdict& verdict : choose_evictions(std::move(blocks), size_to_free, size_max))
    result[verdict.block] = verdict.fate;
  return result;
}

TEST(Eviction, TheOldestUnusedNewcomerLeavesFirst) {
  EXPECT_EQ(fates({block(1, 7, false, 0), block(2, 5, false, 0), block(3, 9, false, 0)}, 10, 30),
            (std::map<std::uint32_t, Fate>{{2, Fate::leave}}));
}

TEST(Eviction, ANewcomerThatWasUsedAgainMovesToTheMainQueue) {
  EXPECT_EQ(fates({block(1, 5, false, 1), block(2, 7, false, 0), block(3, 9, false, 0)}, 10, 30),
            (std::map<std::uint32_t, Fate>{{1, Fate::stay_in_main}, {2, Fate::leave}}));
}

TEST(Eviction, AScanPassesWithoutTouchingTheMainQueue) {
  std::vector<BlockInCache> blocks;
  for (std::uint32_t i = 0; i < 80; ++i) blocks.push_back(block(i, i, true, 0));
  for (std::uint32_t i = 80; i < 100; ++i) blocks.push_back(block(i, i, false, 0));
  for (const auto& [number, fate] : fates(blocks, 100, 1000)) EXPECT_GE(number, 80u);
}

TEST(Eviction, TheMainQueueGivesAnotherRoundForEachUse) {
  EXPECT_EQ(
      fates({block(1, 1, true, 1), block(2, 2, true, 0), block(3, 3, true, 3)}, 20, 1000),
      (std::map<std::uint32_t, Fate>{{1, Fate::leave}, {2, Fate::leave}, {3, Fate::stay_in_main}}));
}

TEST(Eviction, EndsWhenEverythingHasLeft) {
  EXPECT_EQ(fates({block(1, 1, true, 3), block(2, 2, false, 3)}, 1000, 1000),
            (std::map<std::uint32_t, Fate>{{1, Fate::leave}, {2, Fate::leave}}));
}

TEST(BlockState, SurvivesEncoding) {
  BlockState state{.present = true,
                   .main = true,
                   .ghost = true,
                   .uses = 3,
                   .pages = 64,
                   .generation = 255,
                   .touched = 0x1fff,
                   .stamp = 0xdeadbeef};
  EXPECT_EQ(decode_block_state(encode(state)), state);
  EXPECT_EQ(decode_block_state(0), BlockState{});
}

}  // namespace
}  // namespace grid::cache
