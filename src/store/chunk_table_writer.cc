#include "store/chunk_table_writer.h"

#include <queue>

#include "base/error.h"

namespace grid::store {

static constexpr std::size_t buffer_size = 256 << 10;      // bytes of a section
static constexpr std::uint64_t forget_interval = 1 << 16;  // entries of all tables, about 4 MB

template <class T>
static BytesView bytes_of(const T& value) {
  return std::as_bytes(std::span<const T>(&value, 1));
}

ChunkTableWriter::ChunkTableWriter(std::span<const PackId> packs, std::uint64_t entry_count_max,
                                   Output output)
    : output_(std::move(output)),
      layout_(packs.size(), entry_count_max),
      header_{.pack_count = packs.size(), .entry_count_max = entry_count_max},
      packs_{layout_.packs, {}},
      buckets_{layout_.buckets, {}},
      tags_{layout_.tags, {}},
      entries_{layout_.entries, {}} {
  for (const PackId& pack : packs) append_to(packs_, pack);
}

template <class T>
void ChunkTableWriter::append_to(Section& section, const T& value) {
  append(section.buffer, bytes_of(value));
  if (section.buffer.size() >= buffer_size) write_out(section);
}

void ChunkTableWriter::write_out(Section& section) {
  output_(section.offset, section.buffer);
  section.offset += section.buffer.size();
  section.buffer.clear();
}

void ChunkTableWriter::add(const TableEntry& entry) {
  if (header_.entry_count > 0 && entry.digest == last_) return;
  // Merged tables come from the cache folder.
  if (header_.entry_count == header_.entry_count_max || entry.digest < last_)
    fail(ErrorKind::corrupt, "a chunk table in the cache folder is damaged");
  last_ = entry.digest;
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
  output_(0, bytes_of(header_));
}

Bytes encode_chunk_table(std::span<const PackId> packs, std::uint64_t entry_count_max,
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

void merge_chunk_tables(const ChunkTables& tables, ChunkTableWriter& out) {
  struct Head {
    const TableEntry* entry;
    const TableEntry* end;
    std::uint32_t first_pack;  // of this table, in the merged list
    bool operator<(const Head& other) const { return entry->digest > other.entry->digest; }
  };
  std::priority_queue<Head> heads;
  std::uint32_t pack_count = 0;
  for (const auto& table : tables) {
    std::span<const TableEntry> entries = table->entries();
    if (!entries.empty()) heads.push({entries.data(), entries.data() + entries.size(), pack_count});
    pack_count += static_cast<std::uint32_t>(table->packs().size());
  }
  for (std::uint64_t count = 1; !heads.empty(); ++count) {
    Head head = heads.top();
    heads.pop();
    TableEntry entry = *head.entry;
    entry.pack += head.first_pack;
    out.add(entry);
    if (++head.entry != head.end) heads.push(head);
    if (count % forget_interval == 0)
      for (const auto& table : tables) table->forget_pages();
  }
}

}  // namespace grid::store
