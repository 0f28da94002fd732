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
  SharedMemory memory(1000, 10, 150);
  SharedMemory::Holder first(memory);
  EXPECT_EQ(first.share(), 150u);
  std::vector<std::unique_ptr<SharedMemory::Holder>> many;
  for (int i = 0; i < 19; ++i) many.push_back(std::make_unique<SharedMemory::Holder>(memory));
  EXPECT_EQ(first.share(), 1000u / 21);
  many.clear();
  EXPECT_EQ(first.share(), 150u);
}

TEST(SharedMemory, GivesNobodyWhatOthersHold) {
  SharedMemory memory(1000, 10, 150);
  std::vector<std::unique_ptr<SharedMemory::Holder>> many;
  std::size_t held = 0;
  for (int i = 0; i < 50; ++i) {
    many.push_back(std::make_unique<SharedMemory::Holder>(memory));
    held += many.back()->share();
  }
  EXPECT_LE(held, 1000u + 50 * 10);
  EXPECT_EQ(many.back()->share(), 10u);  // the first have not asked again
  for (const auto& each : many) each->share();
  EXPECT_EQ(many.back()->share(), 1000u / 51);
}

}  // namespace
}  // namespace grid::server
