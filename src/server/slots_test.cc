#include "server/slots.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace grid::server {
namespace {

TEST(Slots, EachHolderHasItsOwn) {
  Slots slots(2);
  std::optional<Slots::Slot> first = slots.take("a");
  const std::optional<Slots::Slot> second = slots.take("a");
  EXPECT_TRUE(first && second);
  EXPECT_FALSE(slots.take("a"));
  EXPECT_TRUE(slots.take("b"));
  const Slots::Slot moved = std::move(*first);
  first.reset();
  EXPECT_FALSE(slots.take("a"));
}

TEST(Slots, IsFreeAgainAtTheEnd) {
  Slots slots(1);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(slots.take());
}

TEST(SharedMemory, GivesLessTheMoreThereAre) {
  SharedMemory memory(1000, 100, 400);
  EXPECT_EQ(memory.share(), 400u);
  {
    const SharedMemory::Holder one(memory), two(memory), three(memory);
    EXPECT_EQ(memory.share(), 250u);
    std::vector<std::unique_ptr<SharedMemory::Holder>> many;
    for (int i = 0; i < 20; ++i) many.push_back(std::make_unique<SharedMemory::Holder>(memory));
    EXPECT_EQ(memory.share(), 100u);
  }
  EXPECT_EQ(memory.share(), 400u);
}

}  // namespace
}  // namespace grid::server
