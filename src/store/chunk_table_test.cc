#include "store/chunk_table.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
#include "store/chunk_table_writer.h"
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

// Entries of the numbers [first, end), sorted by digest; `place` holds the number.
std::vector<TableEntry> entries_of(std::uint32_t first, std::uint32_t end) {
  std::vector<TableEntry> entries;
  for (std::uint32_t i = first; i < end; ++i)
    entries.push_back({digest_of_number(i), 0, {i, 10, 10, 0, 10}});
  std::sort(entries.begin(), entries.end(),
            [](const TableEntry& a, const TableEntry& b) { return a.digest < b.digest; });
  return entries;
}

std::vector<TablePack> just(const PackId& pack) { return {{.id = pack, .data_size = 10}}; }

std::shared_ptr<const ChunkTable> table_of(const PackId& pack,
                                           const std::vector<TableEntry>& entries) {
  return std::make_shared<const ChunkTable>(
      encode_chunk_table(just(pack), entries.size(), [&](ChunkTableWriter& writer) {
        for (const TableEntry& entry : entries) writer.add(entry);
      }));
}

TEST(ChunkTable, FindsAllItHoldsAndNothingElse) {
  const PackId pack = new_pack();
  for (std::uint32_t count : {0, 1, 2, 15, 16, 17, 100, 5000, 70'000}) {
    auto table = table_of(pack, entries_of(0, count));
    for (std::uint32_t i = 0; i < count; ++i)
      ASSERT_EQ(table->find(digest_of_number(i)), (Location{pack, {i, 10, 10, 0, 10}})) << count;
    for (std::uint32_t i = count; i < count + 1000; ++i)
      ASSERT_FALSE(table->find(digest_of_number(i))) << count;
    ASSERT_FALSE(table->find(Digest{}));
  }
}

TEST(ChunkTable, TellsDigestsWithTheSameFirstBytesApart) {
  std::vector<TableEntry> entries(50);
  for (std::uint32_t i = 0; i < entries.size(); ++i) {
    entries[i].digest.bytes.fill(std::byte{0xab});
    entries[i].digest.bytes[31] = static_cast<std::byte>(i);
    entries[i].place = {i, 10, 10, 0, 10};
  }
  auto table = table_of(new_pack(), entries);
  for (std::uint32_t i = 0; i < entries.size(); ++i)
    EXPECT_EQ(table->find(entries[i].digest)->place.frame_offset, i);
  entries[0].digest.bytes[31] = std::byte{50};
  EXPECT_FALSE(table->find(entries[0].digest));
}

TEST(ChunkTable, AMergedTableHasEachPlaceOnce) {
  const PackId first = new_pack(), second = new_pack();
  // Two processes may have put the same pack in a table each.
  const ChunkTables tables = {table_of(first, entries_of(0, 3000)),
                              table_of(second, entries_of(2000, 5000)),
                              table_of(first, entries_of(0, 3000))};
  const std::vector<TablePack> packs = packs_of(tables);
  EXPECT_EQ(packs.size(), 2u);
  ChunkTable merged(encode_chunk_table(
      packs, 9000, [&](ChunkTableWriter& writer) { merge_chunk_tables(tables, writer); }));
  EXPECT_TRUE(merged.is_sound());
  EXPECT_EQ(merged.entries().size(), 6000u);
  for (std::uint32_t i = 0; i < 5000; ++i) {
    std::optional<Location> found = merged.find(digest_of_number(i));
    ASSERT_TRUE(found) << i;
    EXPECT_EQ(found->place.frame_offset, i);
    EXPECT_TRUE(found->pack == (i < 3000 ? first : second) || i >= 2000) << i;
    EXPECT_EQ(merged.find_all(digest_of_number(i)).size(), i >= 2000 && i < 3000 ? 2u : 1u) << i;
  }
}

// Anything may lie in the cache folder: lookups end and stay inside the file.
TEST(ChunkTable, DamagedBytesDoNotLeadOutOfTheTable) {
  const std::vector<TableEntry> entries = entries_of(0, 1000);
  const PackId pack = new_pack();
  const Bytes whole = encode_chunk_table(just(pack), entries.size(), [&](ChunkTableWriter& writer) {
    for (const TableEntry& entry : entries) writer.add(entry);
  });
  testing::TemporaryFolder folder;
  const std::uint64_t end = TableLayout(1, entries.size()).entries;
  for (std::uint64_t at = 0; at < end + 10 * sizeof(TableEntry); at += 13) {
    Bytes bytes = whole;
    bytes[at] ^= std::byte{0xff};
    testing::write_file(folder / "x.table", as_text(bytes));
    std::optional<ChunkTable> table = ChunkTable::find(folder / "x.table");
    EXPECT_FALSE(table && table->is_sound() && at < sizeof(TableLayout::Header)) << at;
    for (std::uint32_t i = 0; table && i < 1000; i += 50)
      if (std::optional<Location> found = table->find(digest_of_number(i))) {
        EXPECT_TRUE(found->place.is_possible());
      }
  }
  for (std::size_t size : {std::size_t{0}, std::size_t{31}, std::size_t{end}, whole.size() - 1}) {
    testing::write_file(folder / "x.table", as_text(BytesView(whole).first(size)));
    EXPECT_FALSE(ChunkTable::find(folder / "x.table")) << size;
  }
}

// A power cut leaves zeros where bytes were written and not yet on the disk.
TEST(ChunkTable, ATableWithZerosIsNotSound) {
  const std::vector<TableEntry> entries = entries_of(0, 5000);
  const PackId pack = new_pack();
  const Bytes whole = encode_chunk_table(just(pack), entries.size(), [&](ChunkTableWriter& writer) {
    for (const TableEntry& entry : entries) writer.add(entry);
  });
  EXPECT_TRUE(ChunkTable(whole).is_sound());
  testing::TemporaryFolder folder;
  for (std::size_t at = 0; at + 4096 <= whole.size(); at += 4096) {
    Bytes bytes = whole;
    std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), 4096, std::byte{0});
    testing::write_file(folder / "x.table", as_text(bytes));
    std::optional<ChunkTable> table = ChunkTable::find(folder / "x.table");
    EXPECT_FALSE(table && table->is_sound()) << at;
  }
}

}  // namespace
}  // namespace grid::store
