// A table of digests and where their chunks lie: written once, mapped, never changed. A chunk that
// lies in several packs has an entry for each.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
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

// A pack that a table covers.
struct TablePack {
  PackId id;
  std::uint64_t data_size = 0;  // bytes that its data object has, as its index says

  auto operator<=>(const TablePack&) const = default;
};
static_assert(sizeof(TablePack) == 24, "packs lie in the file as they lie in memory");

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
    std::uint32_t format = 4;
    std::uint64_t pack_count = 0;
    std::uint64_t entry_count_max = 0;  // the room for entries: decides where sections lie
    std::uint64_t entry_count = 0;
    // The first 8 bytes of digests, so that a table that a power cut left half-written is noticed:
    // of the packs; of the digests of buckets, tags and entries; of the header before this sum.
    std::uint64_t sum_of_packs = 0;
    std::uint64_t sum_of_rest = 0;
    std::uint64_t sum_of_header = 0;

    std::uint64_t sum() const;
  };
  static_assert(sizeof(Header) == 56);

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
  // Empty if there is no such file or it is not a whole table of this format. Checks the header and
  // the packs; the rest is many times larger, and is_sound() checks it.
  static std::optional<ChunkTable> find(const std::filesystem::path& path);
  explicit ChunkTable(Bytes bytes);  // in memory

  std::span<const TablePack> packs() const { return packs_; }  // sorted
  // Sorted by digest, then by pack.
  std::span<const TableEntry> entries() const { return entries_; }
  const std::filesystem::path& path() const { return path_; }  // empty if in memory

  std::optional<Location> find(const Digest& digest) const;
  // Every place of a chunk.
  std::vector<Location> find_all(const Digest& digest) const;
  // Reads the whole table, in the first call. A table that is not sound may lack chunks, and name
  // places where they do not lie; find() stays inside it all the same.
  bool is_sound() const;
  // Prefetches what find() will look at for these digests into the core's caches, so that their
  // cache misses overlap. Useful for at most bring_near_max at a time.
  void bring_near(std::span<const Digest* const> digests) const;
  static constexpr std::size_t bring_near_max = 32;

  // For use after going through a large table: its pages then do not stay in this process's memory.
  void forget_pages() const { file_.forget_pages(); }

 private:
  struct Soundness {
    std::once_flag checked;
    bool sound = false;
  };

  ChunkTable() = default;
  bool parse(BytesView bytes);
  // Whether the entry names a place of the digest.
  bool is_place_of(const TableEntry& entry, const Digest& digest) const;
  // The entries of the digest's bucket; none if the table is damaged there.
  std::pair<std::size_t, std::size_t> bucket_of(const Digest& digest) const;

  std::filesystem::path path_;
  MappedFile file_;
  Bytes bytes_;
  TableLayout layout_{0, 0};
  std::span<const TablePack> packs_;
  std::span<const std::uint32_t> buckets_;  // the first entry of each, and the end of the last
  std::span<const std::uint16_t> tags_;
  std::span<const TableEntry> entries_;
  std::uint64_t sum_of_rest_ = 0;
  std::unique_ptr<Soundness> soundness_ = std::make_unique<Soundness>();
};

}  // namespace grid::store
