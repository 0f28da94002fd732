// Makes chunk tables, using memory that does not grow with them.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "store/chunk_table.h"

namespace grid::store {

// Writes one table, entry by entry. Not thread-safe.
class ChunkTableWriter {
 public:
  // Takes the bytes, each call at an offset of its own; calls do not overlap. The header comes
  // last.
  using Output = std::function<void(std::uint64_t offset, BytesView bytes)>;

  // `packs` are sorted. At most `entry_count_max` entries may be added.
  ChunkTableWriter(std::span<const TablePack> packs, std::uint64_t entry_count_max, Output output);

  // Entries must come in the order of their digests, then of their packs; a repeated place is left
  // out.
  void add(const TableEntry& entry);
  void finish();

 private:
  // A part of the table that is filled from front to back.
  struct Section {
    std::uint64_t offset;
    Bytes buffer{};
    Digester digester{};
  };
  template <class T>
  void append_to(Section& section, const T& value);
  void write_out(Section& section);

  const Output output_;
  const TableLayout layout_;
  TableLayout::Header header_;
  Section packs_, buckets_, tags_, entries_;
  std::uint64_t bucket_count_ = 0;  // buckets whose beginning is written
  Digest last_;
  std::uint32_t last_pack_ = 0;
};

// The bytes of a table in memory.
Bytes encode_chunk_table(std::span<const TablePack> packs, std::uint64_t entry_count_max,
                         const std::function<void(ChunkTableWriter&)>& fill);

using ChunkTables = std::vector<std::shared_ptr<const ChunkTable>>;
// The packs of all tables, sorted, each once: those of their union.
std::vector<TablePack> packs_of(const ChunkTables& tables);
// Where a pack lies among sorted ones.
std::uint32_t place_of(const PackId& pack, std::span<const TablePack> packs);
// Writes the union of sound tables to `out`, whose packs must be packs_of(tables).
void merge_chunk_tables(const ChunkTables& tables, ChunkTableWriter& out);

}  // namespace grid::store
