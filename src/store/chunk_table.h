// A table of digests and where their chunks lie: written once, mapped, never changed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <utility>

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

// Where the sections of a table lie; ChunkTableWriter fills them, ChunkTable reads them.
struct TableLayout {
  struct Header {
    std::uint32_t magic = 0x42544347;  // "GCTB"
    std::uint32_t format = 2;
    std::uint64_t pack_count = 0;
    std::uint64_t entry_count_max = 0;  // the room for entries: decides where sections lie
    std::uint64_t entry_count = 0;
  };

  TableLayout(std::uint64_t pack_count, std::uint64_t entry_count_max);

  std::uint64_t bucket_of(std::uint64_t prefix) const {
    return bucket_bits == 0 ? 0 : prefix >> (64 - bucket_bits);
  }
  // The 16 bits after those that say which bucket.
  std::uint16_t tag_of(std::uint64_t prefix) const {
    return static_cast<std::uint16_t>((prefix << bucket_bits) >> 48);
  }

  int bucket_bits;
  // Offsets in the file, multiples of 8.
  std::uint64_t packs, buckets, tags, entries;
};

// Immutable; thread-safe. A table is a cache of what pack indexes say, kept outside the store.
class ChunkTable {
 public:
  // Empty if there is no such file or it is not a whole table of this format.
  static std::optional<ChunkTable> find(const std::filesystem::path& path);
  explicit ChunkTable(Bytes bytes);  // in memory

  std::span<const PackId> packs() const { return packs_; }
  std::span<const TableEntry> entries() const { return entries_; }  // sorted by digest
  const std::filesystem::path& path() const { return path_; }       // empty if in memory

  std::optional<Location> find(const Digest& digest) const;
  // Prefetches what find() will look at for these digests into the core's caches, so that their
  // cache misses overlap. Useful for at most bring_near_max at a time.
  void bring_near(std::span<const Digest* const> digests) const;
  static constexpr std::size_t bring_near_max = 32;

  // For use after going through a large table: its pages then do not stay in this process's memory.
  void forget_pages() const { file_.forget_pages(); }

 private:
  ChunkTable() = default;
  bool parse(BytesView bytes);
  // The entries of the digest's bucket; none if the table is damaged there.
  std::pair<std::size_t, std::size_t> bucket_of(const Digest& digest) const;

  std::filesystem::path path_;
  MappedFile file_;
  Bytes bytes_;
  TableLayout layout_{0, 0};
  std::span<const PackId> packs_;
  std::span<const std::uint32_t> buckets_;  // the first entry of each, and the end of the last
  std::span<const std::uint16_t> tags_;
  std::span<const TableEntry> entries_;
};

}  // namespace grid::store
