#include "create/entry_sorter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/support/temporary_folder.h"

namespace grid::create {
namespace {

// With little memory and with plenty, compared with std::stable_sort.
TEST(EntrySorter, SortsBeyondItsMemoryAndKeepsTheOrderOfEquals) {
  testing::TemporaryFolder folder;
  std::mt19937_64 random(3);
  std::vector<EntrySorter::Sorted> expected;
  for (int i = 0; i < 20'000; ++i) {
    tree::Entry entry{.folder = "f" + std::to_string(random() % 50) + (random() % 2 ? "/sub" : ""),
                      .name = std::to_string(random() % 400),
                      .kind = static_cast<tree::EntryKind>(1 + random() % 4),
                      .executable = random() % 2 == 0,
                      .size = random(),
                      .mtime_ns = static_cast<std::int64_t>(random()),
                      .target = std::string(random() % 30, 't')};
    entry.content.depth = static_cast<std::uint8_t>(random() % 3);
    if (i % 7 == 0) entry.object = {"bucket", std::to_string(random()), "etag", "version"};
    for (auto& byte : entry.content.digest.bytes) byte = static_cast<std::byte>(random());
    expected.push_back(
        {entry,
         {.implied = random() % 2 == 0, .file = {static_cast<std::int64_t>(random()), random()}}});
  }
  for (std::size_t memory : {std::size_t{100'000}, std::size_t{100'000'000}}) {
    EntrySorter sorter({.folder = folder.path(), .memory_max = memory});
    for (const auto& [entry, mark] : expected) sorter.add(entry, mark);
    auto sorted = expected;
    std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
      return tree::compare_keys(a.entry.folder, a.entry.name, b.entry.folder, b.entry.name) < 0;
    });
    for (int round = 0; round < 2; ++round) {
      EntrySorter::Cursor cursor = sorter.sorted();
      std::size_t at = 0;
      while (std::optional<EntrySorter::Sorted> next = cursor.next()) {
        ASSERT_LT(at, sorted.size());
        ASSERT_EQ(next->entry, sorted[at].entry) << memory << ", " << at;
        ASSERT_EQ(next->mark, sorted[at].mark);
        ++at;
      }
      EXPECT_EQ(at, sorted.size());
    }
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace grid::create
