#include "store/chunk_index.h"

#include <algorithm>

#include "base/error.h"
#include "base/random.h"

namespace grid::store {

namespace fs = std::filesystem;

static constexpr std::size_t recent_count_max = 128 << 10;  // about 16 MB
static constexpr std::size_t table_count_max = 8;
static constexpr std::string_view table_suffix = ".table";

ChunkIndex::ChunkIndex(fs::path folder)
    : folder_(std::move(folder)), tables_(std::make_shared<const Tables>()) {
  if (!folder_.empty()) open_tables();
}

void ChunkIndex::open_tables() {
  std::error_code ignored;
  fs::create_directories(folder_, ignored);
  auto tables = std::make_shared<Tables>();
  for (fs::directory_iterator at(folder_, ignored), end; at != end; at.increment(ignored)) {
    if (at->path().extension() != table_suffix) continue;
    std::optional<ChunkTable> table = ChunkTable::find(at->path());
    if (!table) continue;  // merged away since it was listed, or cut off by a full disk
    packs_.insert(table->packs().begin(), table->packs().end());
    tables->push_back(std::make_shared<const ChunkTable>(std::move(*table)));
  }
  tables_ = tables;
}

std::optional<Location> ChunkIndex::find(const Digest& digest) const {
  std::shared_ptr<const Tables> tables;
  {
    std::lock_guard lock(mutex_);
    if (auto at = recent_.find(digest); at != recent_.end()) return at->second;
    tables = tables_;
  }
  for (const auto& table : *tables)
    if (std::optional<Location> location = table->find(digest)) return location;
  return std::nullopt;
}

bool ChunkIndex::claim(const Digest& digest) {
  std::shared_ptr<const Tables> tables;
  {
    std::lock_guard lock(mutex_);
    if (recent_.contains(digest) || !claimed_.insert(digest).second) return false;
    tables = tables_;
  }
  for (const auto& table : *tables) {
    if (!table->find(digest)) continue;
    std::lock_guard lock(mutex_);
    claimed_.erase(digest);
    return false;
  }
  return true;
}

void ChunkIndex::add_pack(const PackId& pack, const std::vector<PackEntry>& entries) {
  std::lock_guard lock(mutex_);
  if (!packs_.insert(pack).second) return;
  recent_packs_.push_back(pack);
  for (const PackEntry& entry : entries) {
    recent_.emplace(entry.digest, Location{pack, entry.place});
    claimed_.erase(entry.digest);
  }
  if (recent_.size() >= recent_count_max) flush_locked();
}

std::set<PackId> ChunkIndex::packs() const {
  std::lock_guard lock(mutex_);
  return packs_;
}

void ChunkIndex::flush() {
  std::lock_guard lock(mutex_);
  flush_locked();
}

// A table on disk where there is a folder that can be written, else in memory.
std::shared_ptr<const ChunkTable> ChunkIndex::keep(Bytes bytes) {
  if (!folder_.empty()) {
    fs::path path = folder_ / (random_hex(16) + std::string(table_suffix));
    try {
      replace_file(path, bytes);
      if (std::optional<ChunkTable> table = ChunkTable::find(path))
        return std::make_shared<const ChunkTable>(std::move(*table));
    } catch (const Error&) {
      // The cache folder is full or cannot be written: only time is lost.
    }
  }
  return std::make_shared<const ChunkTable>(std::move(bytes));
}

void ChunkIndex::flush_locked() {
  if (recent_packs_.empty()) return;
  std::sort(recent_packs_.begin(), recent_packs_.end());
  std::vector<TableEntry> entries;
  entries.reserve(recent_.size());
  for (const auto& [digest, location] : recent_) {
    auto pack = std::lower_bound(recent_packs_.begin(), recent_packs_.end(), location.pack);
    entries.push_back(
        {digest, static_cast<std::uint32_t>(pack - recent_packs_.begin()), location.place});
  }
  std::sort(entries.begin(), entries.end(),
            [](const TableEntry& a, const TableEntry& b) { return a.digest < b.digest; });
  auto tables = std::make_shared<Tables>(*tables_);
  tables->push_back(keep(encode_chunk_table(recent_packs_, entries)));
  tables_ = tables;
  recent_.clear();
  recent_packs_.clear();
  if (tables->size() > table_count_max) merge_locked();
}

// Merges the smallest tables, up to the first that is more than twice as large as all before it:
// every entry is then rewritten a number of times that grows with the logarithm of the store.
void ChunkIndex::merge_locked() {
  std::optional<FileLock> lock;
  if (!folder_.empty()) {
    try {
      lock = FileLock::find(folder_ / "merge.lock");
    } catch (const Error&) {
      // The folder cannot be written: what is merged then lies in memory, and no file is removed.
    }
    if (!lock && fs::exists(folder_ / "merge.lock")) return;  // another process merges
  }
  Tables tables = *tables_;
  std::sort(tables.begin(), tables.end(),
            [](const auto& a, const auto& b) { return a->entries().size() < b->entries().size(); });
  std::vector<const ChunkTable*> merged;
  std::size_t count = 0;
  for (const auto& table : tables) {
    if (merged.size() >= 2 && table->entries().size() > 2 * count) break;
    merged.push_back(table.get());
    count += table->entries().size();
  }
  Tables left(tables.begin() + static_cast<std::ptrdiff_t>(merged.size()), tables.end());
  left.push_back(keep(merge_chunk_tables(merged)));
  std::error_code ignored;
  for (const ChunkTable* table : merged)
    if (!table->path().empty()) fs::remove(table->path(), ignored);
  tables_ = std::make_shared<const Tables>(std::move(left));
}

void ChunkIndex::clear() {
  std::lock_guard lock(mutex_);
  std::error_code ignored;
  for (const auto& table : *tables_)
    if (!table->path().empty()) fs::remove(table->path(), ignored);
  tables_ = std::make_shared<const Tables>();
  recent_.clear();
  recent_packs_.clear();
  packs_.clear();
}

}  // namespace grid::store
