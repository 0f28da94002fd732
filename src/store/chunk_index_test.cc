#include "store/chunk_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "base/random.h"
#include "tests/support/temporary_folder.h"

namespace grid::store {
namespace {

Digest digest_of_number(std::uint32_t number) {
  return digest_of(as_bytes("chunk " + std::to_string(number)));
}

PackId new_pack() {
  PackId pack;
  fill_random(pack.bytes);
  return pack;
}

std::vector<PackEntry> entries_of(std::uint32_t first, std::uint32_t count) {
  std::vector<PackEntry> entries;
  for (std::uint32_t i = first; i < first + count; ++i)
    entries.push_back({digest_of_number(i), {i, 10, 10, 0, 10}});
  return entries;
}

TEST(ChunkIndex, FindsWhatPacksHold) {
  ChunkIndex index({});
  PackId pack = new_pack();
  index.add_pack(pack, entries_of(0, 1000));
  for (bool flushed : {false, true}) {
    for (std::uint32_t i = 0; i < 1000; ++i)
      EXPECT_EQ(index.find(digest_of_number(i)), (Location{pack, {i, 10, 10, 0, 10}})) << flushed;
    EXPECT_FALSE(index.find(digest_of_number(1000)));
    index.flush();
  }
}

// Chunks in tables, in memory, named twice and absent, and more than are brought near at a time.
TEST(ChunkIndex, FindsSeveralTogether) {
  testing::TemporaryFolder folder;
  ChunkIndex index(folder / "index");
  const std::vector<PackId> packs = {new_pack(), new_pack(), new_pack()};
  index.add_pack(packs[0], entries_of(0, 20'000));
  index.flush();
  index.add_pack(packs[1], entries_of(20'000, 100));
  index.flush();
  index.add_pack(packs[2], entries_of(20'100, 100));
  std::vector<ChunkRef> wanted;
  for (std::uint32_t i = 0; i < 20'300; i += i < 20'000 ? 97 : 1)
    wanted.push_back({digest_of_number(i), 10});
  wanted.push_back(wanted.front());
  const std::vector<std::optional<Location>> found = index.find(wanted);
  ASSERT_EQ(found.size(), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i)
    EXPECT_EQ(found[i], index.find(wanted[i].digest)) << i;
  EXPECT_EQ(std::count(found.begin(), found.end(), std::nullopt), 100);
  EXPECT_EQ(found.front()->pack, packs[0]);
  EXPECT_TRUE(index.find(std::span<const ChunkRef>()).empty());
}

TEST(ChunkIndex, GrantsAChunkOnceToASession) {
  ChunkIndex index({});
  ChunkClaims one, other;
  EXPECT_TRUE(index.claim(digest_of_number(1), one).granted);
  const Claim second = index.claim(digest_of_number(1), one);
  EXPECT_FALSE(second.granted || second.at);
  EXPECT_TRUE(index.claim(digest_of_number(1), other).granted) << "the first may never store it";
}

TEST(ChunkIndex, AClaimSaysWhereTheChunkIs) {
  ChunkIndex index({});
  ChunkClaims one, other;
  index.claim(digest_of_number(1), one);
  const PackId pack = new_pack();
  index.add_pack(pack, entries_of(0, 10), &one);
  for (bool flushed : {false, true}) {
    for (ChunkClaims* claims : {&one, &other})
      for (std::uint32_t number : {1, 2}) {
        const Claim claim = index.claim(digest_of_number(number), *claims);
        EXPECT_FALSE(claim.granted) << flushed;
        ASSERT_TRUE(claim.at) << flushed;
        EXPECT_EQ(claim.at->pack, pack);
      }
    index.flush();
  }
  EXPECT_TRUE(index.claim(digest_of_number(10), one).granted);
}

// A listing may show a pack before the session that writes it hands it over.
TEST(ChunkIndex, AddingAPackThatWasListedFirstEndsItsClaims) {
  ChunkIndex index({});
  ChunkClaims claims;
  index.claim(digest_of_number(1), claims);
  const PackId pack = new_pack();
  index.add_pack(pack, entries_of(0, 10));
  index.add_pack(pack, entries_of(0, 10), &claims);
  index.clear();
  EXPECT_TRUE(index.claim(digest_of_number(1), claims).granted);
}

TEST(ChunkIndex, TablesOutliveTheProcess) {
  testing::TemporaryFolder folder;
  std::vector<PackId> packs;
  std::map<PackId, std::uint64_t> data_sizes;
  {
    ChunkIndex index(folder / "index");
    for (std::uint32_t i = 0; i < 30; ++i) {
      packs.push_back(new_pack());
      const std::vector<PackEntry> entries = entries_of(i * 100, 100);
      const Placement& last = entries.back().place;
      data_sizes[packs.back()] = last.frame_offset + last.frame_stored_size;
      index.add_pack(packs.back(), entries);
      index.flush();
    }
  }
  ChunkIndex index(folder / "index");
  EXPECT_EQ(index.packs(), data_sizes);
  for (std::uint32_t i = 0; i < 3000; ++i) {
    std::optional<Location> found = index.find(digest_of_number(i));
    ASSERT_TRUE(found) << i;
    EXPECT_EQ(found->pack, packs[i / 100]);
    EXPECT_EQ(found->place.frame_offset, i);
  }
}

TEST(ChunkIndex, TablesAreMergedSoThatTheyStayFew) {
  testing::TemporaryFolder folder;
  ChunkIndex index(folder / "index");
  for (std::uint32_t i = 0; i < 100; ++i) {
    index.add_pack(new_pack(), entries_of(i * 10, 10));
    index.flush();
  }
  std::size_t tables = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "index"))
    tables += entry.path().extension() == ".table" ? 1 : 0;
  EXPECT_LE(tables, 6u);
}

TEST(ChunkIndex, TablesOfAnEarlierFormatAreIgnored) {
  testing::TemporaryFolder folder;
  {
    ChunkIndex index(folder / "index");
    index.add_pack(new_pack(), entries_of(0, 100));
    index.flush();
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder / "index")) {
    if (entry.path().extension() != ".table") continue;
    std::string bytes = testing::read_file(entry.path());
    bytes[4] = 1;
    testing::write_file(entry.path(), bytes);
  }
  ChunkIndex index(folder / "index");
  EXPECT_TRUE(index.packs().empty());
  EXPECT_FALSE(index.find(digest_of_number(1)));
}

// Many threads add packs while tables are written and merged: no chunk disappears even for a
// moment.
TEST(ChunkIndex, FindsChunksWhileTablesAreWritten) {
  testing::TemporaryFolder folder;
  ChunkIndex index(folder / "index");
  constexpr std::uint32_t thread_count = 4, pack_count = 40, each = 300;
  std::vector<std::jthread> threads;
  std::atomic<std::uint32_t> missing = 0;
  ChunkClaims claims;
  for (std::uint32_t thread = 0; thread < thread_count; ++thread)
    threads.emplace_back([&, thread] {
      for (std::uint32_t pack = 0; pack < pack_count; ++pack) {
        const std::uint32_t first = (thread * pack_count + pack) * each;
        for (std::uint32_t i = first; i < first + each; ++i)
          missing += index.claim(digest_of_number(i), claims).granted ? 0 : 1;
        index.add_pack(new_pack(), entries_of(first, each), &claims);
        if (pack % 4 == thread) index.flush();
        for (std::uint32_t i = thread * pack_count * each; i < first + each; i += 7)
          missing += index.find(digest_of_number(i)) && index.claim(digest_of_number(i), claims).at
                         ? 0
                         : 1;
      }
    });
  threads.clear();
  EXPECT_EQ(missing, 0u);
  index.flush();
  ChunkIndex again(folder / "index");
  EXPECT_EQ(again.packs().size(), thread_count * pack_count);
  for (std::uint32_t i = 0; i < thread_count * pack_count * each; ++i)
    ASSERT_TRUE(again.find(digest_of_number(i))) << i;
}

TEST(ChunkIndex, StaysInMemoryIfItsFolderCannotBeWritten) {
  testing::TemporaryFolder folder;
  testing::write_file(folder / "taken", "a file where the folder should be");
  ChunkIndex index(folder / "taken");
  for (std::uint32_t i = 0; i < 20; ++i) {
    index.add_pack(new_pack(), entries_of(i * 10, 10));
    index.flush();
  }
  for (std::uint32_t i = 0; i < 200; ++i) ASSERT_TRUE(index.find(digest_of_number(i))) << i;
}

TEST(ChunkIndex, DamagedTablesAreIgnored) {
  testing::TemporaryFolder folder;
  PackId pack = new_pack();
  {
    ChunkIndex index(folder / "index");
    index.add_pack(pack, entries_of(0, 100));
    index.flush();
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder / "index"))
    std::filesystem::resize_file(entry.path(), std::filesystem::file_size(entry.path()) / 2);
  ChunkIndex index(folder / "index");
  EXPECT_TRUE(index.packs().empty());
  EXPECT_FALSE(index.find(digest_of_number(1)));
}

TEST(ChunkIndex, ForgetsEverythingWhenCleared) {
  testing::TemporaryFolder folder;
  PackId pack = new_pack();
  ChunkIndex index(folder / "index");
  index.add_pack(pack, entries_of(0, 100));
  index.flush();
  index.clear();
  EXPECT_FALSE(index.find(digest_of_number(1)));
  EXPECT_TRUE(ChunkIndex(folder / "index").packs().empty());
}

}  // namespace
}  // namespace grid::store
