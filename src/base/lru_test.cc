#include "base/lru.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace grid {
namespace {

TEST(Lru, ForgetsWhatWasUsedLeastRecently) {
  Lru<int, std::string> lru(2);
  lru.add(1, "one");
  lru.add(2, "two");
  ASSERT_NE(lru.find(1), nullptr);
  lru.add(3, "three");
  EXPECT_EQ(lru.find(2), nullptr);
  EXPECT_EQ(*lru.find(1), "one");
  EXPECT_EQ(*lru.find(3), "three");
}

TEST(Lru, IsBoundedByTheSumOfTheSizes) {
  Lru<int, char> lru(100);
  lru.add(1, 'a', 40);
  lru.add(2, 'b', 40);
  lru.add(3, 'c', 60);
  EXPECT_EQ(lru.find(1), nullptr);
  EXPECT_NE(lru.find(3), nullptr);
  EXPECT_NE(lru.find(2), nullptr) << "100 is within the limit";
  lru.add(4, 'd', 61);
  EXPECT_EQ(lru.find(2), nullptr);
  EXPECT_EQ(lru.find(3), nullptr) << "as many are evicted as needed";
  EXPECT_NE(lru.find(4), nullptr);
}

TEST(Lru, KeepsTheNewestHoweverLarge) {
  Lru<int, char> lru(100);
  lru.add(1, 'a', 1);
  EXPECT_EQ(lru.add(2, 'b', 1000), 'b');
  EXPECT_EQ(lru.find(1), nullptr);
  lru.add(3, 'c', 1);
  EXPECT_EQ(lru.find(2), nullptr);
  EXPECT_NE(lru.find(3), nullptr);
}

TEST(Lru, AddingAgainChangesNothing) {
  Lru<int, std::string> lru(2);
  lru.add(1, "one", 1);
  EXPECT_EQ(lru.add(1, "another", 50), "one");
  lru.add(2, "two");
  lru.add(1, "another");
  lru.add(3, "three");
  EXPECT_EQ(lru.find(1), nullptr) << "adding again does not count as a use";
}

TEST(Lru, RemovesOnDemand) {
  Lru<int, char> lru(10);
  lru.add(1, 'a', 10);
  lru.add(2, 'b', 0);
  EXPECT_TRUE(lru.remove(1));
  EXPECT_FALSE(lru.remove(1));
  EXPECT_EQ(lru.find(1), nullptr);
  lru.add(3, 'c', 10);
  EXPECT_NE(lru.find(2), nullptr) << "there is room again";
}

TEST(Lru, IsSearchedWithViewsOfStrings) {
  Lru<std::string, int, StringHash> lru(2);
  const std::string key = "a key that is too long to be kept within the string itself";
  lru.add(key, 7);
  EXPECT_EQ(*lru.find(std::string_view(key)), 7);
  EXPECT_TRUE(lru.remove(std::string_view(key)));
}

TEST(Lru, DestroysWhatItEvictsUnlessItIsStillUsed) {
  Lru<int, std::shared_ptr<int>> lru(1);
  std::shared_ptr<int> used = lru.add(1, std::make_shared<int>(1));
  const std::weak_ptr<int> unused = lru.add(2, std::make_shared<int>(2));
  EXPECT_EQ(used.use_count(), 1);
  EXPECT_EQ(*used, 1);
  lru.add(3, std::make_shared<int>(3));
  EXPECT_TRUE(unused.expired());
}

// Compares with a list that is searched from the front.
TEST(Lru, AgreesWithAPlainList) {
  constexpr std::size_t size_max = 50;
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  Lru<std::uint64_t, std::uint64_t> lru(size_max);
  std::vector<std::pair<std::uint64_t, std::size_t>> model;  // key and size, the last used first
  for (unsigned step = 0; step < 20'000; ++step) {
    const std::uint64_t key = random() % 40, action = random() % 8;
    auto at =
        std::find_if(model.begin(), model.end(), [&](auto& item) { return item.first == key; });
    const bool known = at != model.end();
    if (action == 0) {
      ASSERT_EQ(lru.remove(key), known);
      if (known) model.erase(at);
    } else if (action < 5) {
      const std::uint64_t* found = lru.find(key);
      ASSERT_EQ(found != nullptr, known);
      if (!known) continue;
      ASSERT_EQ(*found, key);
      std::rotate(model.begin(), at, at + 1);
    } else {
      const std::size_t size = random() % 9;
      ASSERT_EQ(lru.add(key, key, size), key);
      if (known) continue;
      model.insert(model.begin(), {key, size});
      std::size_t sum = 0;
      for (const auto& item : model) sum += item.second;
      for (; sum > size_max && model.size() > 1; model.pop_back()) sum -= model.back().second;
    }
  }
}

}  // namespace
}  // namespace grid
