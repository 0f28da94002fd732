#include "store/chunk_index.h"

#include <gtest/gtest.h>

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

TEST(ChunkIndex, AChunkIsClaimedOnce) {
  ChunkIndex index({});
  EXPECT_TRUE(index.claim(digest_of_number(1)));
  EXPECT_FALSE(index.claim(digest_of_number(1)));
  index.add_pack(new_pack(), entries_of(0, 10));
  EXPECT_FALSE(index.claim(digest_of_number(1)));
  EXPECT_FALSE(index.claim(digest_of_number(2)));
  index.flush();
  EXPECT_FALSE(index.claim(digest_of_number(2)));
  EXPECT_TRUE(index.claim(digest_of_number(10)));
}

TEST(ChunkIndex, TablesOutliveTheProcess) {
  testing::TemporaryFolder folder;
  std::vector<PackId> packs;
  {
    ChunkIndex index(folder / "index");
    for (std::uint32_t i = 0; i < 30; ++i) {
      packs.push_back(new_pack());
      index.add_pack(packs.back(), entries_of(i * 100, 100));
      index.flush();
    }
  }
  ChunkIndex index(folder / "index");
  EXPECT_EQ(index.packs(), std::set<PackId>(packs.begin(), packs.end()));
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
  EXPECT_LE(tables, 9u);
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
