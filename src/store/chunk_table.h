// A sorted table of digests and where their chunks lie: written once, mapped, never changed.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <vector>

#include "base/digest.h"
#include "base/file.h"
#include "store/layout.h"
#include "store/pack.h"

namespace grid::store {

struct Location {
  PackId pack;
  Placement place;

  bool operator==(const Location&) const = default;
};

struct TableEntry {
  Digest digest;
  std::uint32_t pack = 0;  // index into the table's packs
  Placement place;
};
static_assert(sizeof(TableEntry) == 56, "entries lie in the file as they lie in memory");

// The table's bytes; `entries` are sorted by digest.
Bytes encode_chunk_table(std::span<const PackId> packs, std::span<const TableEntry> entries);

// Immutable; thread-safe. A table is a cache of what pack indexes say, kept outside the store.
class ChunkTable {
 public:
  // Empty if there is no such file or it is not a whole table of this format.
  static std::optional<ChunkTable> find(const std::filesystem::path& path);
  explicit ChunkTable(Bytes bytes);  // in memory

  std::span<const PackId> packs() const { return packs_; }
  std::span<const TableEntry> entries() const { return entries_; }
  const std::filesystem::path& path() const { return path_; }  // empty if in memory

  std::optional<Location> find(const Digest& digest) const;

 private:
  ChunkTable() = default;
  bool parse(BytesView bytes);

  std::filesystem::path path_;
  MappedFile file_;
  Bytes bytes_;
  std::span<const PackId> packs_;
  std::span<const TableEntry> entries_;
};

// The union of tables; where two know a digest, one is kept.
Bytes merge_chunk_tables(std::span<const ChunkTable* const> tables);

}  // namespace grid::store
