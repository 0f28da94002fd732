#include "store/chunk_table_writer.h"

#include <algorithm>
#include <queue>

#include "base/error.h"

namespace grid::store {

static constexpr std::size_t buffer_size = 256 << 10;      // bytes of a section
static constexpr std::uint64_t forget_interval = 1 << 16;  // entries of all tables, about 4 MB

template <class T>
static BytesView bytes_of(const T& value) {
  return std::as_bytes(std::span<const T>(&value, 1));
}

ChunkTableWriter::ChunkTableWriter(std::span<const TablePack> packs, std::uint64_t entry_count_max,
                                   Output output)
    : output_(std::move(output)),
      layout_(packs.size(), entry_count_max),
      header_{.pack_count = packs.size(), .entry_count_max = entry_count_max},
      packs_{layout_.packs},
      buckets_{layout_.buckets},
      tags_{layout_.tags},
      entries_{layout_.entries} {
  for (const TablePack& pack : packs) append_to(packs_, pack);
}

template <class T>
void ChunkTableWriter::append_to(Section& section, const T& value) {
  append(section.buffer, bytes_of(value));
  if (section.buffer.size() >= buffer_size) write_out(section);
}

void ChunkTableWriter::write_out(Section& section) {
  output_(section.offset, section.buffer);
  section.digester.update(section.buffer);
  section.offset += section.buffer.size();
  section.buffer.clear();
}

void ChunkTableWriter::add(const TableEntry& entry) {
  if (header_.entry_count > 0 && entry.digest == last_ && entry.pack == last_pack_) return;
  // Merged tables come from the cache folder.
  if (header_.entry_count == header_.entry_count_max || entry.digest < last_)
    fail(ErrorKind::corrupt, "a chunk table in the cache folder is damaged");
  last_ = entry.digest;
  last_pack_ = entry.pack;
  const std::uint64_t prefix = entry.digest.prefix();
  for (const std::uint64_t bucket = layout_.bucket_of(prefix); bucket_count_ <= bucket;
       ++bucket_count_)
    append_to(buckets_, static_cast<std::uint32_t>(header_.entry_count));
  append_to(tags_, layout_.tag_of(prefix));
  append_to(entries_, entry);
  ++header_.entry_count;
}

void ChunkTableWriter::finish() {
  for (; bucket_count_ <= std::uint64_t{1} << layout_.bucket_bits; ++bucket_count_)
    append_to(buckets_, static_cast<std::uint32_t>(header_.entry_count));
  for (Section* section : {&packs_, &buckets_, &tags_, &entries_}) write_out(*section);
  header_.sum_of_packs = packs_.digester.finish().prefix();
  Bytes digests;
  for (const Section* section : {&buckets_, &tags_, &entries_})
    append(digests, BytesView(section->digester.finish().bytes));
  header_.sum_of_rest = digest_of(digests).prefix();
  header_.sum_of_header = header_.sum();
  output_(0, bytes_of(header_));
}

Bytes encode_chunk_table(std::span<const TablePack> packs, std::uint64_t entry_count_max,
                         const std::function<void(ChunkTableWriter&)>& fill) {
  Bytes bytes(TableLayout(packs.size(), entry_count_max).entries);
  ChunkTableWriter writer(packs, entry_count_max, [&](std::uint64_t offset, BytesView part) {
    if (bytes.size() < offset + part.size()) bytes.resize(offset + part.size());
    std::copy(part.begin(), part.end(), bytes.begin() + static_cast<std::ptrdiff_t>(offset));
  });
  fill(writer);
  writer.finish();
  return bytes;
}

std::vector<TablePack> packs_of(const ChunkTables& tables) {
  std::vector<TablePack> packs;
  for (const auto& table : tables)
    packs.insert(packs.end(), table->packs().begin(), table->packs().end());
  std::sort(packs.begin(), packs.end());
  packs.erase(std::unique(packs.begin(), packs.end(),
                          [](const TablePack& a, const TablePack& b) { return a.id == b.id; }),
              packs.end());
  return packs;
}

std::uint32_t place_of(const PackId& pack, std::span<const TablePack> packs) {
  const auto at =
      std::lower_bound(packs.begin(), packs.end(), pack,
                       [](const TablePack& each, const PackId& id) { return each.id < id; });
  return static_cast<std::uint32_t>(at - packs.begin());
}

namespace {

// What is left of a table that is being merged. Heads are ordered as the entries are.
struct MergeHead {
  const TableEntry* entry;
  const TableEntry* end;
  const std::vector<std::uint32_t>* new_packs;  // by the table's own numbers

  std::uint32_t pack() const { return (*new_packs)[entry->pack]; }
  bool operator<(const MergeHead& other) const {  // the least is the queue's top
    if (entry->digest != other.entry->digest) return entry->digest > other.entry->digest;
    return pack() > other.pack();
  }
};

}  // namespace

void merge_chunk_tables(const ChunkTables& tables, ChunkTableWriter& out) {
  const std::vector<TablePack> packs = packs_of(tables);
  std::vector<std::vector<std::uint32_t>> new_packs(tables.size());
  std::priority_queue<MergeHead> heads;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    for (const TablePack& pack : tables[i]->packs())
      new_packs[i].push_back(place_of(pack.id, packs));
    const std::span<const TableEntry> entries = tables[i]->entries();
    if (!entries.empty())
      heads.push({entries.data(), entries.data() + entries.size(), &new_packs[i]});
  }
  for (std::uint64_t count = 1; !heads.empty(); ++count) {
    MergeHead head = heads.top();
    heads.pop();
    TableEntry entry = *head.entry;
    entry.pack = head.pack();
    out.add(entry);
    if (++head.entry != head.end) heads.push(head);
    if (count % forget_interval == 0)
      for (const auto& table : tables) table->forget_pages();
  }
}

}  // namespace grid::store
