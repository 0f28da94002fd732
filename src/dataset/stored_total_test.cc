#include "dataset/stored_total.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

namespace grid::dataset {
namespace {

using Numbers = std::vector<VersionNumber>;

// Reads what is wanted until the sum is known.
class Store {
 public:
  // Versions 1, 2, …, with the sums that writers leave; `bytes` counts what each has stored.
  explicit Store(const std::vector<std::uint64_t>& bytes) {
    std::optional<StoredSum> sum;
    for (VersionNumber number = 1; number <= bytes.size(); ++number) {
      VersionRecord& record = records_[number].emplace();
      record.number = number;
      record.stored_bytes = bytes[number - 1];
      if (sum) record.stored_sum = StoredSum{sum->from, sum->bytes + record.stored_bytes};
      sum = record.stored_sum.value_or(StoredSum{number, record.stored_bytes});
    }
  }

  std::optional<VersionRecord>& operator[](VersionNumber number) { return records_[number]; }

  std::uint64_t total(const Numbers& ready) {
    read = rounds = 0;
    KnownRecords known;
    for (;;) {
      const StoredTotal found = stored_total(ready, known);
      if (found.unread.empty()) return found.bytes;
      ++rounds;
      for (const VersionNumber number : found.unread) {
        EXPECT_TRUE(known.emplace(number, records_.at(number)).second) << number;
        ++read;
      }
    }
  }

  unsigned read = 0, rounds = 0;

 private:
  KnownRecords records_;
};

Numbers all_of(std::size_t count) {
  Numbers numbers(count);
  std::iota(numbers.begin(), numbers.end(), 1u);
  return numbers;
}

TEST(StoredTotal, OfADatastoreTakesOneRecord) {
  Store store({5, 6, 7, 8});
  EXPECT_EQ(store.total(all_of(4)), 26u);
  EXPECT_EQ(store.read, 1u);
  EXPECT_EQ(store.total({4}), 8u);
  EXPECT_EQ(store.read, 1u);
  EXPECT_EQ(store.total({}), 0u);
}

TEST(StoredTotal, TakesTwoRecordsForARunInTheMiddle) {
  Store store({5, 6, 7, 8, 9});
  EXPECT_EQ(store.total({1, 3, 4, 5}), 29u);
  EXPECT_EQ(store.read, 3u);
  EXPECT_EQ(store.rounds, 1u);
}

TEST(StoredTotal, OfOlderRecordsIsSummed) {
  Store store({5, 6, 7, 8, 9});
  for (const VersionNumber number : {1u, 2u, 3u}) store[number]->stored_sum.reset();
  store[4]->stored_sum = StoredSum{3, 15};
  store[5]->stored_sum = StoredSum{3, 24};
  EXPECT_EQ(store.total(all_of(5)), 35u);
  EXPECT_LE(store.rounds, 3u);
  EXPECT_EQ(store.total({2, 3, 4}), 21u);
  store[5]->stored_sum.reset();
  EXPECT_EQ(store.total(all_of(5)), 35u);
}

TEST(StoredTotal, LeavesOutWhatCannotBeRead) {
  Store store({5, 6, 7, 8, 9});
  store[5].reset();
  EXPECT_EQ(store.total(all_of(5)), 26u);
  store[2].reset();
  EXPECT_EQ(store.total({2, 3, 4}), 15u);
}

// Sums that lie give a wrong number at worst.
TEST(StoredTotal, ComesToAnEndWhateverSumsSay) {
  std::mt19937 engine(1);
  const auto random = [&] { return static_cast<VersionNumber>(engine()); };
  for (int round = 0; round < 2000; ++round) {
    const VersionNumber count = 1 + random() % 12;
    Store store(std::vector<std::uint64_t>(count, 3));
    Numbers ready;
    for (VersionNumber number = 1; number <= count; ++number) {
      if (random() % 3 != 0) ready.push_back(number);
      if (random() % 4 == 0)
        store[number].reset();
      else if (number > 1 && random() % 2 == 0)
        store[number]->stored_sum = StoredSum{1 + random() % (number - 1), 3 + random() % 100};
    }
    store.total(ready);
    EXPECT_LE(store.read, ready.size());
  }
}

}  // namespace
}  // namespace grid::dataset
