// Finding a digest among n sorted ones in about log log n steps.
//
// Digests are uniformly distributed, so the 64-bit prefix of a digest says where it lies: at
// prefix / 2^64 of the table, give or take the square root of n. Interpolating between the ends
// of the range that is left narrows n entries to one in about log2 log2 n probes, 4 for a
// million, where halving needs 20; each probe is a cache miss, or a page fault in a cold table.
// It ends because every probe shrinks the range by at least one; a hostile table only makes it
// slow, and the file is our own cache.
//
// Source: Perl, Itai, Avni, "Interpolation search: a log log N search", CACM 1978.

#include "store/chunk_table.h"

#include <algorithm>
#include <queue>

#include "base/error.h"

namespace grid::store {

namespace {

struct TableHeader {
  std::uint32_t magic = 0x42544347;  // "GCTB"
  std::uint32_t format = 1;
  std::uint64_t pack_count = 0;
  std::uint64_t entry_count = 0;
  std::uint64_t zero = 0;
};
static_assert(sizeof(TableHeader) == 32);

template <class T>
BytesView bytes_of(std::span<const T> values) {
  return std::as_bytes(values);
}

}  // namespace

Bytes encode_chunk_table(std::span<const PackId> packs, std::span<const TableEntry> entries) {
  TableHeader header{.pack_count = packs.size(), .entry_count = entries.size()};
  Bytes out;
  out.reserve(sizeof header + packs.size_bytes() + entries.size_bytes());
  append(out, bytes_of(std::span<const TableHeader>(&header, 1)));
  append(out, bytes_of(packs));
  append(out, bytes_of(entries));
  return out;
}

bool ChunkTable::parse(BytesView bytes) {
  if (bytes.size() < sizeof(TableHeader)) return false;
  TableHeader header, expected;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.magic != expected.magic || header.format != expected.format) return false;
  if (header.pack_count > bytes.size() || header.entry_count > bytes.size()) return false;
  std::size_t packs_size = header.pack_count * sizeof(PackId);
  if (bytes.size() != sizeof header + packs_size + header.entry_count * sizeof(TableEntry))
    return false;
  const std::byte* at = bytes.data() + sizeof header;
  packs_ = {reinterpret_cast<const PackId*>(at), header.pack_count};
  entries_ = {reinterpret_cast<const TableEntry*>(at + packs_size), header.entry_count};
  return true;
}

std::optional<ChunkTable> ChunkTable::find(const std::filesystem::path& path) {
  std::optional<MappedFile> file = MappedFile::find(path);
  if (!file) return std::nullopt;
  ChunkTable table;
  table.path_ = path;
  table.file_ = std::move(*file);
  if (!table.parse(table.file_.bytes())) return std::nullopt;
  return table;
}

ChunkTable::ChunkTable(Bytes bytes) : bytes_(std::move(bytes)) {
  bool whole = parse(bytes_);
  if (!whole) fail(ErrorKind::corrupt, "a chunk table in memory is not whole");
}

std::optional<Location> ChunkTable::find(const Digest& digest) const {
  std::uint64_t key = digest.prefix();
  std::size_t low = 0, high = entries_.size();  // the digest is in [low, high) if anywhere
  std::uint64_t low_key = 0, high_key = UINT64_MAX;
  while (low < high) {
    double share =
        static_cast<double>(key - low_key) / (static_cast<double>(high_key - low_key) + 1.0);
    auto step = static_cast<std::size_t>(share * static_cast<double>(high - low));
    std::size_t probe = std::min(low + step, high - 1);
    const TableEntry& entry = entries_[probe];
    // Prefixes decide almost always, without a call.
    std::uint64_t found = entry.digest.prefix();
    bool after = key > found || (key == found && digest > entry.digest);
    if (key == found && digest == entry.digest) {
      if (entry.pack >= packs_.size()) return std::nullopt;
      return Location{packs_[entry.pack], entry.place};
    }
    if (after) {
      low = probe + 1;
      low_key = found;
    } else {
      high = probe;
      high_key = found;
    }
    if (key < low_key || key > high_key) return std::nullopt;
  }
  return std::nullopt;
}

Bytes merge_chunk_tables(std::span<const ChunkTable* const> tables) {
  std::vector<PackId> packs;
  std::vector<std::uint32_t> first_pack;  // of each table, in the merged list
  std::size_t count = 0;
  for (const ChunkTable* table : tables) {
    first_pack.push_back(static_cast<std::uint32_t>(packs.size()));
    packs.insert(packs.end(), table->packs().begin(), table->packs().end());
    count += table->entries().size();
  }
  struct Head {
    const TableEntry* entry;
    std::size_t table;
    bool operator<(const Head& other) const { return entry->digest > other.entry->digest; }
  };
  std::priority_queue<Head> heads;
  for (std::size_t i = 0; i < tables.size(); ++i)
    if (!tables[i]->entries().empty()) heads.push({tables[i]->entries().data(), i});
  std::vector<TableEntry> merged;
  merged.reserve(count);
  while (!heads.empty()) {
    Head head = heads.top();
    heads.pop();
    if (merged.empty() || merged.back().digest != head.entry->digest) {
      merged.push_back(*head.entry);
      merged.back().pack += first_pack[head.table];
    }
    std::span<const TableEntry> entries = tables[head.table]->entries();
    if (++head.entry != entries.data() + entries.size()) heads.push(head);
  }
  return encode_chunk_table(packs, merged);
}

}  // namespace grid::store
