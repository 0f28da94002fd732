#include "store/pack_prefetcher.h"

#include <gtest/gtest.h>

#include <chrono>
#include <map>

#include "base/random.h"
#include "store/pack.h"
#include "tests/support/memory_backend.h"

namespace grid::store {
namespace {

// Remembers what it was told to expect.
class ExpectingBackend : public testing::MemoryBackend {
 public:
  using Part = std::pair<std::string, std::uint64_t>;  // key, offset

  void expect_reads(std::string_view key, std::uint64_t offset, std::uint64_t) const override {
    std::lock_guard lock(mutex_);
    ++expected_[{std::string(key), offset}];
    changed_.notify_all();
  }
  bool waits_for(std::size_t count) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10),
                             [&] { return expected_.size() >= count; });
  }
  bool waits_for_times(const std::string& key, std::uint64_t offset, int times) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] {
      return expected_[{key, offset}] >= times;
    });
  }
  int times(const std::string& key, std::uint64_t offset) const {
    return expected().at({key, offset});
  }
  std::map<Part, int> expected() const {
    std::lock_guard lock(mutex_);
    return expected_;
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  mutable std::map<Part, int> expected_;  // guarded by mutex_
};

using Expected = std::map<ExpectingBackend::Part, int>;
constexpr std::uint64_t piece_size = packs_ahead::remote_piece_size;

PackId new_pack() {
  PackId pack;
  fill_random(pack.bytes);
  return pack;
}

TEST(PackPrefetcher, AFewReadsCauseNoReadAhead) {
  ExpectingBackend backend;
  {
    PackPrefetcher prefetcher(backend);
    for (int i = 0; i < 10; ++i) prefetcher.note_read(new_pack(), 0, 40'000);
  }
  EXPECT_TRUE(backend.expected().empty());
}

class RemoteBackend : public ExpectingBackend {
 public:
  bool remote() const override { return true; }
};

TEST(PackPrefetcher, FromAServerSmallReadsCountForMoreThanTheirBytes) {
  RemoteBackend backend;
  const PackId pack = new_pack();
  {
    PackPrefetcher prefetcher(backend);
    prefetcher.note_read(pack, 0, 1000);
    EXPECT_TRUE(backend.expected().empty());
    prefetcher.note_read(pack, 0, 1000);
    EXPECT_TRUE(backend.waits_for(1));
  }
}

TEST(PackPrefetcher, ManyReadsOfAPackRequestItOnce) {
  ExpectingBackend backend;
  PackId pack = new_pack();
  {
    PackPrefetcher prefetcher(backend);
    for (unsigned i = 0; i < 1000; ++i) prefetcher.note_read(pack, i * 20'000, 100'000);
    ASSERT_TRUE(backend.waits_for(1));
  }
  EXPECT_EQ(backend.expected(), (Expected{{{pack_data_key(pack), 0}, 1}}));
}

TEST(PackPrefetcher, ExpectedReadsNeedNoCredit) {
  ExpectingBackend backend;
  PackPrefetcher prefetcher(backend);
  const PackId one = new_pack(), other = new_pack();
  for (int i = 0; i < 3; ++i) {
    prefetcher.expect(one, 5, 10);
    prefetcher.expect(other, 1 << 20, 8 << 20);
  }
  ASSERT_TRUE(backend.waits_for(2));
  EXPECT_EQ(backend.expected(),
            (Expected{{{pack_data_key(one), 0}, 1}, {{pack_data_key(other), 0}, 1}}));
}

TEST(PackPrefetcher, ExpectedReadsEarnNoCredit) {
  RemoteBackend backend;
  const PackId pack = new_pack(), last = new_pack();
  {
    PackPrefetcher prefetcher(backend);
    prefetcher.expect(pack, 3 * piece_size, 4 * piece_size);
    for (int i = 0; i < 100; ++i) prefetcher.note_read(pack, 3 * piece_size + 77, 128 << 10);
    prefetcher.expect(last, 0, 1);
    ASSERT_TRUE(backend.waits_for_times(pack_data_key(last), 0, 1));
  }
  EXPECT_EQ(backend.expected(),
            (Expected{{{pack_data_key(pack), 3 * piece_size}, 1}, {{pack_data_key(last), 0}, 1}}));
}

class SmallBackend : public RemoteBackend {
 public:
  bool is_in_memory(std::string_view, std::uint64_t, std::uint64_t) const override { return false; }
  std::uint64_t read_ahead_max() const override { return 2 * piece_size; }
};

TEST(PackPrefetcher, TheLimitIsForRequestsOnCredit) {
  SmallBackend backend;
  {
    PackPrefetcher prefetcher(backend);
    for (int i = 0; i < 100; ++i) prefetcher.note_read(new_pack(), 0, 128 << 10);
    prefetcher.expect(new_pack(), 0, 5 * piece_size);
    ASSERT_TRUE(backend.waits_for(2 + 5));
  }
  EXPECT_EQ(backend.expected().size(), 2u + 5u);
}

TEST(PackPrefetcher, PiecesExpectedLongAgoMayBeRequestedAgain) {
  SmallBackend backend;
  PackPrefetcher prefetcher(backend);
  const PackId pack = new_pack();
  const std::uint64_t end = (packs_ahead::expected_max + 1) * piece_size;
  prefetcher.expect(pack, 0, end);
  ASSERT_TRUE(backend.waits_for(packs_ahead::expected_max + 1));
  EXPECT_EQ(backend.times(pack_data_key(pack), 0), 1);
  prefetcher.expect(pack, piece_size, end);
  prefetcher.expect(pack, 0, piece_size);
  EXPECT_TRUE(backend.waits_for_times(pack_data_key(pack), 0, 2));
  EXPECT_EQ(backend.times(pack_data_key(pack), end - piece_size), 1);
}

TEST(PackPrefetcher, RequestsOnlyTheExpectedPiecesFromAServer) {
  RemoteBackend backend;
  PackPrefetcher prefetcher(backend);
  const PackId pack = new_pack();
  for (int i = 0; i < 3; ++i) prefetcher.expect(pack, 2 * piece_size - 1, 4 * piece_size);
  ASSERT_TRUE(backend.waits_for(3));
  const std::string key = pack_data_key(pack);
  EXPECT_EQ(
      backend.expected(),
      (Expected{{{key, piece_size}, 1}, {{key, 2 * piece_size}, 1}, {{key, 3 * piece_size}, 1}}));
}

TEST(PackPrefetcher, RequestsTouchedPiecesAndThoseBesideAndBetweenFromAServer) {
  RemoteBackend backend;
  PackPrefetcher prefetcher(backend);
  const PackId pack = new_pack();
  auto expected = [&](std::uint64_t first, std::uint64_t last) {
    Expected pieces;
    for (std::uint64_t i = first; i <= last; ++i) pieces[{pack_data_key(pack), i * piece_size}] = 1;
    return pieces;
  };
  for (int i = 0; i < 9; ++i) prefetcher.note_read(pack, 6 * piece_size + 77, 1000);
  ASSERT_TRUE(backend.waits_for(3));
  EXPECT_EQ(backend.expected(), expected(5, 7));
  prefetcher.note_read(pack, 2 * piece_size, 1000);
  ASSERT_TRUE(backend.waits_for(7));
  EXPECT_EQ(backend.expected(), expected(1, 7));
}

TEST(PackPrefetcher, APolicyThatIsOffRequestsNothing) {
  ExpectingBackend backend;
  const PackId read = new_pack(), expected = new_pack();
  {
    PackPrefetcher files_alone(backend, {.packs = false});
    for (unsigned i = 0; i < 1000; ++i) files_alone.note_read(read, i * 20'000, 100'000);
    files_alone.expect(expected, 0, 1);
    ASSERT_TRUE(backend.waits_for(1));
  }
  EXPECT_EQ(backend.expected(), (Expected{{{pack_data_key(expected), 0}, 1}}));
  {
    PackPrefetcher packs_alone(backend, {.files = false});
    packs_alone.expect(new_pack(), 0, 1);
    for (unsigned i = 0; i < 1000; ++i) packs_alone.note_read(read, i * 20'000, 100'000);
    ASSERT_TRUE(backend.waits_for(2));
  }
  EXPECT_EQ(backend.expected().size(), 2u);
  EXPECT_EQ(backend.times(pack_data_key(read), 0), 1);
}

TEST(PackPrefetcher, ReadsAheadInProportionToWhatIsRead) {
  ExpectingBackend backend;
  PackPrefetcher prefetcher(backend);
  // A 64th of a pack for each pack.
  for (int i = 0; i < 8; ++i) prefetcher.note_read(new_pack(), 0, pack_size_target / 64);
  EXPECT_TRUE(backend.waits_for(8));
}

}  // namespace
}  // namespace grid::store
