#include "store/chunk_index.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/file_lock.h"
#include "base/random.h"

namespace grid::store {

namespace fs = std::filesystem;

static constexpr std::size_t recent_count_max = 128 << 10;  // about 16 MB
// Tables with fewer entries than this are merged whenever one is written: it costs milliseconds.
static constexpr std::uint64_t small_table_count = 16 << 10;
static constexpr std::size_t preferred_count_max = 64 << 10;
static constexpr std::string_view table_suffix = ".table";

// The largest first: it is the most likely to have a digest.
static std::shared_ptr<const ChunkTables> with(ChunkTables tables, const ChunkTables& more) {
  tables.insert(tables.end(), more.begin(), more.end());
  std::sort(tables.begin(), tables.end(),
            [](const auto& a, const auto& b) { return a->entries().size() > b->entries().size(); });
  return std::make_shared<const ChunkTables>(std::move(tables));
}

static void remove_files(const ChunkTables& tables) {
  std::error_code ignored;
  for (const auto& table : tables)
    if (!table->path().empty()) std::filesystem::remove(table->path(), ignored);
}

ChunkIndex::ChunkIndex(fs::path folder)
    : folder_(std::move(folder)), tables_(std::make_shared<const ChunkTables>()) {
  if (!folder_.empty()) open_tables();
}

// Empty if it was merged away since it was listed, or is damaged or of another format. Then the
// file is removed, as nothing else would.
static std::optional<ChunkTable> find_table(const fs::path& path) {
  std::optional<ChunkTable> table;
  try {
    table = ChunkTable::find(path);
  } catch (const Error&) {
    // It cannot be read: what it says is read from the store again.
  }
  std::error_code ignored;
  if (!table) fs::remove(path, ignored);
  return table;
}

void ChunkIndex::know(std::span<const TablePack> packs) {
  for (const TablePack& pack : packs) packs_.emplace(pack.id, pack.data_size);
}

void ChunkIndex::open_tables() {
  std::error_code ignored;
  try_make_private_folders(folder_);
  ChunkTables tables;
  for (fs::directory_iterator at(folder_, ignored), end; at != end; at.increment(ignored)) {
    if (at->path().extension() != table_suffix) continue;
    std::optional<ChunkTable> table = find_table(at->path());
    if (!table) continue;
    know(table->packs());
    tables.push_back(std::make_shared<const ChunkTable>(std::move(*table)));
  }
  tables_ = with({}, tables);
}

const Location* ChunkIndex::find_in_memory(const Digest& digest) const {
  if (auto at = preferred_.find(digest); at != preferred_.end()) return &at->second;
  if (auto at = recent_.places.find(digest); at != recent_.places.end()) return &at->second;
  if (!sealed_) return nullptr;
  auto at = sealed_->places.find(digest);
  return at == sealed_->places.end() ? nullptr : &at->second;
}

std::optional<Location> ChunkIndex::find(const Digest& digest) const {
  std::shared_ptr<const ChunkTables> tables;
  {
    std::lock_guard lock(mutex_);
    if (const Location* at = find_in_memory(digest)) return *at;
    tables = tables_;
  }
  for (const auto& table : *tables)
    if (std::optional<Location> location = table->find(digest)) return location;
  return std::nullopt;
}

// Looks in a table for those chunks from `begin` on that are not found yet, as many as can be
// brought near at a time.
static void find_missing(const ChunkTable& table, std::size_t begin,
                         std::span<const ChunkRef> chunks,
                         std::vector<std::optional<Location>>& found) {
  const std::size_t end = std::min(chunks.size(), begin + ChunkTable::bring_near_max);
  std::array<const Digest*, ChunkTable::bring_near_max> missing{};
  std::size_t count = 0;
  for (std::size_t i = begin; i < end; ++i)
    if (!found[i]) missing[count++] = &chunks[i].digest;
  if (count > 1) table.bring_near(std::span(missing).first(count));
  for (std::size_t i = begin; i < end; ++i)
    if (!found[i]) found[i] = table.find(chunks[i].digest);
}

std::vector<std::optional<Location>> ChunkIndex::find(std::span<const ChunkRef> chunks) const {
  std::vector<std::optional<Location>> found(chunks.size());
  std::shared_ptr<const ChunkTables> tables;
  {
    std::lock_guard lock(mutex_);
    tables = tables_;
    if (!recent_.places.empty() || sealed_ || !preferred_.empty()) {
      for (std::size_t i = 0; i < chunks.size(); ++i)
        if (const Location* at = find_in_memory(chunks[i].digest)) found[i] = *at;
    }
  }
  for (const auto& table : *tables) {
    for (std::size_t begin = 0; begin < chunks.size(); begin += ChunkTable::bring_near_max)
      find_missing(*table, begin, chunks, found);
  }
  return found;
}

std::vector<Location> ChunkIndex::find_all(const Digest& digest) const {
  std::vector<Location> found;
  const auto add = [&](const Location& place) {
    if (std::none_of(found.begin(), found.end(),
                     [&](const Location& other) { return other.pack == place.pack; }))
      found.push_back(place);
  };
  std::shared_ptr<const ChunkTables> tables;
  {
    std::lock_guard lock(mutex_);
    for (const Recent* recent : {&recent_, sealed_.get()}) {
      if (recent == nullptr) continue;
      if (auto at = recent->places.find(digest); at != recent->places.end()) add(at->second);
      const auto [begin, end] = recent->other_places.equal_range(digest);
      for (auto at = begin; at != end; ++at) add(at->second);
    }
    tables = tables_;
  }
  for (const auto& table : *tables)
    for (const Location& place : table->find_all(digest)) add(place);
  return found;
}

void ChunkIndex::prefer(const Digest& digest, const Location& place) {
  std::lock_guard lock(mutex_);
  if (preferred_.size() >= preferred_count_max) preferred_.clear();
  preferred_.insert_or_assign(digest, place);
}

Claim ChunkIndex::claim(const Digest& digest, ChunkClaims& claims) {
  std::shared_ptr<const ChunkTables> tables;
  {
    std::lock_guard lock(mutex_);
    if (const Location* at = find_in_memory(digest)) return {.at = *at};
    if (!claims.digests_.insert(digest).second) return {};
    tables = tables_;
  }
  for (const auto& table : *tables) {
    std::optional<Location> at = table->find(digest);
    if (!at) continue;
    std::lock_guard lock(mutex_);
    claims.digests_.erase(digest);
    return {.at = at};
  }
  return {.granted = true};
}

Claim ChunkIndex::claim_again(const Digest& digest, ChunkClaims& claims) {
  std::lock_guard lock(mutex_);
  return {.granted = claims.digests_.insert(digest).second};
}

// Frames lie side by side, and each has chunks.
static std::uint64_t data_size_of(const std::vector<PackEntry>& entries) {
  std::uint64_t size = 0;
  for (const PackEntry& entry : entries)
    size = std::max(size, entry.place.frame_offset + std::uint64_t{entry.place.frame_stored_size});
  return size;
}

void ChunkIndex::add_pack(const PackId& pack, const std::vector<PackEntry>& entries,
                          ChunkClaims* claims) {
  const TablePack added{.id = pack, .data_size = data_size_of(entries)};
  Lock lock(mutex_);
  if (claims != nullptr)
    for (const PackEntry& entry : entries) claims->digests_.erase(entry.digest);
  // A listing may have shown it first.
  if (!packs_.emplace(pack, added.data_size).second) return;
  recent_.packs.push_back(added);
  for (const PackEntry& entry : entries) {
    const Location place{pack, entry.place};
    if (!recent_.places.emplace(entry.digest, place).second)
      recent_.other_places.emplace(entry.digest, place);
  }
  if (recent_.places.size() + recent_.other_places.size() >= recent_count_max && !writing_)
    write_tables(std::move(lock));
}

std::map<PackId, std::uint64_t> ChunkIndex::packs() const {
  std::lock_guard lock(mutex_);
  return packs_;
}

void ChunkIndex::flush() {
  Lock lock(mutex_);
  written_.wait(lock, [&] { return !writing_; });
  write_tables(std::move(lock));
}

// Takes over the lock and releases it before it writes.
void ChunkIndex::write_tables(Lock lock) {
  if (!sealed_) {
    if (recent_.packs.empty()) return;
    sealed_ = std::make_shared<const Recent>(std::exchange(recent_, {}));
  }
  writing_ = true;
  std::shared_ptr<const Recent> sealed = sealed_;
  lock.unlock();
  struct Writing {  // even if this fails, others may write afterwards
    ChunkIndex& index;
    ~Writing() {
      std::lock_guard lock(index.mutex_);
      index.writing_ = false;
      index.written_.notify_all();
    }
  } writing{*this};
  write_sealed(sealed);
  merge_tables();
}

// A table on disk if there is a folder that can be written, otherwise in memory.
std::shared_ptr<const ChunkTable> ChunkIndex::make_table(
    std::span<const TablePack> packs, std::uint64_t entry_count_max,
    const std::function<void(ChunkTableWriter&)>& fill) const {
  if (!folder_.empty()) {
    fs::path path = folder_ / (random_hex(16) + std::string(table_suffix));
    try {
      replace_file(path, [&](int fd) {
        ChunkTableWriter writer(packs, entry_count_max, [&](std::uint64_t offset, BytesView part) {
          write_at(fd, part, offset, path.native());
        });
        fill(writer);
        writer.finish();
      });
      if (std::optional<ChunkTable> table = ChunkTable::find(path))
        return std::make_shared<const ChunkTable>(std::move(*table));
    } catch (const Error&) {
      // The cache folder is full or cannot be written: only time is lost.
    }
  }
  return std::make_shared<const ChunkTable>(encode_chunk_table(packs, entry_count_max, fill));
}

void ChunkIndex::write_sealed(const std::shared_ptr<const Recent>& sealed) {
  std::vector<TablePack> packs = sealed->packs;
  std::sort(packs.begin(), packs.end());
  std::vector<TableEntry> entries;
  entries.reserve(sealed->places.size() + sealed->other_places.size());
  const auto add = [&](const Digest& digest, const Location& location) {
    entries.push_back({digest, place_of(location.pack, packs), location.place});
  };
  for (const auto& [digest, location] : sealed->places) add(digest, location);
  for (const auto& [digest, location] : sealed->other_places) add(digest, location);
  std::sort(entries.begin(), entries.end(), [](const TableEntry& a, const TableEntry& b) {
    return std::tie(a.digest, a.pack) < std::tie(b.digest, b.pack);
  });
  const ChunkTables table = {make_table(packs, entries.size(), [&](ChunkTableWriter& writer) {
    for (const TableEntry& entry : entries) writer.add(entry);
  })};
  {
    std::lock_guard lock(mutex_);
    if (sealed_ == sealed) {
      tables_ = with(*tables_, table);
      sealed_.reset();
      return;
    }
  }
  remove_files(table);  // the index was cleared meanwhile
}

// Selects the smallest tables, up to the largest that is at most twice as large as all below it
// together: n chunks then have at most about log n / log 3 tables, and each entry is rewritten
// about as often. Simulated: 1,000 flushes leave 4 tables, never more than 6.
static std::ptrdiff_t first_to_merge(const ChunkTables& largest_first) {
  std::size_t first = largest_first.size();
  std::uint64_t below = 0;
  for (std::size_t i = largest_first.size(); i-- > 0;) {
    const std::uint64_t count = largest_first[i]->entries().size();
    if (count <= small_table_count || count <= 2 * below) first = i;
    below += count;
  }
  return static_cast<std::ptrdiff_t>(first);
}

void ChunkIndex::merge_tables() {
  std::shared_ptr<const ChunkTables> tables;
  {
    std::lock_guard lock(mutex_);
    tables = tables_;
  }
  const auto first = tables->begin() + first_to_merge(*tables);
  const ChunkTables larger(tables->begin(), first), smaller(first, tables->end());
  if (smaller.size() < 2) return;
  std::optional<FileLock> merging;
  if (!folder_.empty()) {
    try {
      merging = FileLock::find(folder_ / "merge.lock");
      if (!merging) return;  // another process merges
    } catch (const Error&) {
      // The folder cannot be written: the merged table stays in memory, and no file is removed.
    }
  }
  if (drop_damaged(smaller)) return;  // their damage must not get into a sound table
  const std::vector<TablePack> packs = packs_of(smaller);
  std::uint64_t count = 0;
  for (const auto& table : smaller) count += table->entries().size();
  const ChunkTables merged = {make_table(
      packs, count, [&](ChunkTableWriter& writer) { merge_chunk_tables(smaller, writer); })};
  bool taken = false;
  {
    std::lock_guard lock(mutex_);
    taken = tables_ == tables;  // else the index was cleared meanwhile
    if (taken) tables_ = with(larger, merged);
  }
  remove_files(taken ? smaller : merged);
}

void ChunkIndex::clear() {
  std::shared_ptr<const ChunkTables> tables = std::make_shared<const ChunkTables>();
  {
    std::lock_guard lock(mutex_);
    tables_.swap(tables);
    sealed_.reset();
    recent_ = {};
    preferred_.clear();
    packs_.clear();
  }
  remove_files(*tables);
}

bool ChunkIndex::drop_damaged_tables() {
  std::shared_ptr<const ChunkTables> tables;
  {
    std::lock_guard lock(mutex_);
    tables = tables_;
  }
  return drop_damaged(*tables);
}

// Drops those of these tables that are damaged; false if there are none.
bool ChunkIndex::drop_damaged(const ChunkTables& tables) {
  ChunkTables damaged;
  for (const auto& table : tables)
    if (!table->is_sound()) damaged.push_back(table);
  if (damaged.empty()) return false;
  const auto is_damaged = [&](const auto& table) {
    return std::find(damaged.begin(), damaged.end(), table) != damaged.end();
  };
  {
    std::lock_guard lock(mutex_);
    ChunkTables sound = *tables_;
    std::erase_if(sound, is_damaged);
    packs_.clear();
    for (const auto& table : sound) know(table->packs());
    know(recent_.packs);
    if (sealed_) know(sealed_->packs);
    preferred_.clear();
    tables_ = with({}, sound);
  }
  remove_files(damaged);
  return true;
}

}  // namespace grid::store
