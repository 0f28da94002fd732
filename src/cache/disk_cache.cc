#include "cache/disk_cache.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cassert>
#include <new>

#include "base/error.h"
#include "cache/eviction.h"

namespace grid::cache {

namespace fs = std::filesystem;

static constexpr std::size_t open_objects_max = 256;
static constexpr std::chrono::seconds eviction_patience{2}, eviction_pause{10};
static constexpr std::chrono::seconds clearing_patience{30};
static constexpr std::uint64_t room_share = 64;  // 1 / room_share of the limit is freed in addition

static std::uint64_t allocated_at(const fs::path& path) {
  struct stat st;
  return ::stat(path.c_str(), &st) == 0 ? static_cast<std::uint64_t>(st.st_blocks) * 512 : 0;
}

static std::uint64_t fifth_of_disk(const fs::path& folder) {
  struct statvfs disk;
  if (::statvfs(folder.c_str(), &disk) != 0)
    throw system_error(errno,
                       fmt::format("cannot tell the size of the disk of {}", folder.string()));
  return static_cast<std::uint64_t>(disk.f_blocks) * disk.f_frsize / 5;
}

DiskCache::DiskCache(fs::path folder, std::uint64_t size_max_default)
    : folder_(std::move(folder)),
      size_max_default_([&] {
        make_private_folders(folder_);
        return size_max_default != 0 ? size_max_default : fifth_of_disk(folder_);
      }()),
      open_objects_(open_objects_max) {
  usage_ = std::make_unique<Usage>(folder_ / "usage", [this] {
    std::uint64_t size = 0;
    visit([&](const fs::path& path) { size += allocated_at(path); });
    return size;
  });
}

DiskCache::~DiskCache() = default;

// Calls visitor(path) for each file below a folder. What cannot be listed any more is left out.
template <class Visitor>
static void visit_files(const fs::path& folder, const Visitor& visitor) {
  std::error_code error, ignored;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error))
    if (at->is_regular_file(ignored)) visitor(at->path());
}

// The same for the folders of the cache, one for each store.
void DiskCache::visit_folders(const std::function<void(const fs::path&)>& visitor) const {
  std::error_code error, ignored;
  for (fs::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error))
    if (at->is_directory(ignored)) visitor(at->path());
}

// Visits every copy of the cache. Files that disappear meanwhile are left out.
void DiskCache::visit(const std::function<void(const fs::path&)>& visitor) const {
  visit_folders([&](const fs::path& store) { visit_files(store, visitor); });
}

std::shared_ptr<CachedObject> DiskCache::open(std::string_view store_id, std::string_view key) {
  std::string name = fmt::format("{}/{}", store_id, key);
  {
    std::lock_guard lock(mutex_);
    if (const auto* object = open_objects_.find(name)) return *object;
  }
  fs::path path = folder_ / name;
  bool fresh = allocated_at(path) == 0;
  std::shared_ptr<CachedObject> object = CachedObject::open(path);
  // Its own page and the map's first. Two processes that race count them twice, until a process
  // that is alone counts again.
  if (fresh) usage_->reserve(object->allocated(), UINT64_MAX);
  std::lock_guard lock(mutex_);
  return open_objects_.add(std::move(name), std::move(object));
}

bool DiskCache::reserve(std::uint64_t size) {
  const std::uint64_t limit = size_max();
  while (!usage_->reserve(size, limit)) {
    std::uint64_t before = usage_->read().size;
    if (size > limit) return false;
    make_room(size);
    if (usage_->read().size >= before) return false;  // no more can be evicted
  }
  return true;
}

std::uint64_t DiskCache::size_max() const {
  std::uint64_t set = usage_->read().size_max;
  return set != 0 ? set : size_max_default_;
}

void DiskCache::set_size_max(std::uint64_t size_max) {
  usage_->set_size_max(size_max);
  make_room(0);
}

Statistics DiskCache::statistics() const {
  Statistics statistics = usage_->read();
  statistics.size_max = size_max();
  return statistics;
}

std::vector<CachedStore> DiskCache::stores() const {
  std::vector<CachedStore> stores;
  visit_folders([&](const fs::path& folder) {
    CachedStore store{.store_id = folder.filename()};
    visit_files(folder, [&](const fs::path& file) {
      ++store.objects;
      store.size += allocated_at(file);
    });
    stores.push_back(std::move(store));
  });
  return stores;
}

// Ghosts are remembered for as long as the main queue takes to turn over.
std::uint32_t DiskCache::oldest_ghost() const {
  auto lifetime = static_cast<std::uint32_t>(size_max() / (16 << 20));
  std::uint32_t clock = usage_->clock();
  return clock > lifetime ? clock - lifetime : 0;
}

bool DiskCache::put(CachedObject& object, std::uint64_t block, BytesView bytes) {
  usage_->note_fetched(bytes.size());
  const std::unique_ptr<Filling> filling = begin_filling(object, block, bytes.size());
  if (!filling) return false;
  filling->write_out(bytes);
  return filling->publish(bytes.size());
}

std::unique_ptr<DiskCache::Filling> DiskCache::begin_filling(CachedObject& object,
                                                             std::uint64_t first,
                                                             std::uint64_t size) {
  const std::uint64_t room = allocated_size(size);
  bool reserved = false;
  try {
    if (room > size_max()) return nullptr;
    reserved = reserve(room);
    return reserved ? std::make_unique<Filling>(*this, object, first, size) : nullptr;
  } catch (const std::exception&) {  // reading must work without the cache
    note_write_failed();
    if (reserved) usage_->release(room);
    return nullptr;
  }
}

void DiskCache::note_write_failed() { write_failed_at_ = Clock::now().time_since_epoch(); }

bool DiskCache::writing_fails() const {
  static constexpr std::chrono::seconds remembered{5};
  return Clock::now().time_since_epoch() < write_failed_at_.load() + remembered;
}

DiskCache::Filling::Filling(DiskCache& cache, CachedObject& object, std::uint64_t first,
                            std::uint64_t size)
    : cache_(cache), first_(first), room_(allocated_size(size)) {
  filling_.emplace(object, first, (size + block_size - 1) / block_size);
}

DiskCache::Filling::~Filling() {
  filling_.reset();  // first frees the space of what was not published
  cache_.usage_->release(room_);
}

void DiskCache::Filling::write(std::uint64_t offset, BytesView bytes) noexcept {
  if (failed_) return;
  if (offset == 0) {
    gathered_.clear();
    gathered_at_ = 0;
  }
  assert(offset == gathered_at_ + gathered_.size());
  try {
    gathered_.reserve(block_size);
  } catch (const std::bad_alloc&) {
    failed_ = true;
  }
  while (!bytes.empty() && !failed_) {
    const BytesView part = bytes.first(std::min(bytes.size(), block_size - gathered_.size()));
    append(gathered_, part);
    bytes = bytes.subspan(part.size());
    if (gathered_.size() < block_size) continue;
    write_out(gathered_);
    gathered_.clear();
  }
}

void DiskCache::Filling::write_out(BytesView bytes) noexcept {
  try {
    filling_->write(gathered_at_, bytes);
    gathered_at_ += bytes.size();
  } catch (const Error&) {
    failed_ = true;
    cache_.note_write_failed();
  }
}

bool DiskCache::Filling::publish(std::uint64_t size) {
  if (!gathered_.empty()) write_out(gathered_);
  if (failed_) return false;
  const std::uint32_t clock = cache_.usage_->clock(), ghost_clock_min = cache_.oldest_ghost();
  for (std::uint64_t at = 0, block = first_; at < size; at += block_size, ++block) {
    const std::uint64_t part = std::min(block_size, size - at);
    if (filling_->publish(block, part, clock, ghost_clock_min)) room_ -= allocated_size(part);
  }
  return true;
}

bool DiskCache::drop(CachedObject& object, std::uint64_t block) {
  const std::uint64_t freed = object.evict(block, /*ghost=*/false, 0);
  usage_->release(freed);
  return freed > 0;
}

bool DiskCache::drop_damaged(CachedObject& object, std::uint64_t block) {
  if (!drop(object, block)) return false;
  usage_->note_damaged(1);
  return true;
}

// Without the lock no room is made: what is being read is then not kept. The other process may have
// been stopped, so that readers do not wait for it again and again.
void DiskCache::make_room(std::uint64_t size_wanted) {
  if (Clock::now().time_since_epoch() < no_eviction_until_.load()) return;
  const std::optional<FileLock> lock = usage_->lock_for_eviction(eviction_patience);
  if (!lock) {
    no_eviction_until_ = (Clock::now() + eviction_pause).time_since_epoch();
    return;
  }
  const std::uint64_t limit = size_max();
  const std::uint64_t size = usage_->read().size;
  if (size + size_wanted <= limit) return;  // another process has made room while we waited
  apply_verdicts(size + size_wanted - limit + limit / room_share);
}

// Frees what is on the disk but in no map; see CachedObject::reclaim().
void DiskCache::reclaim(CachedObject& object) {
  std::uint64_t known = CachedObject::map_end;  // the most that the map takes
  for (std::uint64_t block = 0, end = object.block_end(); block < end; ++block)
    if (BlockState state = object.state(block); state.present) known += state.allocated_size();
  const std::uint64_t before = object.allocated();
  if (before <= known) return;
  usage_->release(object.reclaim());
}

void DiskCache::apply_verdicts(std::uint64_t size_to_free) {
  std::vector<fs::path> paths;
  std::vector<BlockInCache> blocks;
  visit([&](const fs::path& path) {
    std::shared_ptr<CachedObject> object = CachedObject::find(path);
    if (!object) return;
    reclaim(*object);
    auto number = static_cast<std::uint32_t>(paths.size());
    paths.push_back(path);
    for (std::uint64_t block = 0, end = object->block_end(); block < end; ++block)
      if (BlockState state = object->state(block); state.present)
        blocks.push_back({.object = number,
                          .block = static_cast<std::uint32_t>(block),
                          .size = state.allocated_size(),
                          .state = state});
  });
  std::vector<Verdict> verdicts = choose_evictions(std::move(blocks), size_to_free, size_max());
  std::stable_sort(verdicts.begin(), verdicts.end(),
                   [](const Verdict& a, const Verdict& b) { return a.object < b.object; });
  std::shared_ptr<CachedObject> object;
  const std::uint32_t clock = usage_->clock();
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    const Verdict& verdict = verdicts[i];
    if (i == 0 || verdict.object != verdicts[i - 1].object)
      object = CachedObject::find(paths[verdict.object]);
    if (!object) continue;  // removed meanwhile
    BlockState state = object->state(verdict.block);
    if (verdict.fate == Fate::stay_in_main) {
      object->keep_in_main(verdict.block, state, verdict.uses, clock);
    } else if (const std::uint64_t freed = object->evict(verdict.block, /*ghost=*/true, clock)) {
      usage_->release(freed);
      usage_->note_evicted(freed);
    }
  }
}

std::uint64_t DiskCache::clear() {
  const std::optional<FileLock> lock = usage_->lock_for_eviction(clearing_patience);
  if (!lock)
    fail(ErrorKind::unavailable,
         "another process has been making room in the cache {} for {} s, or was stopped meanwhile; "
         "nothing was removed",
         folder_.string(), clearing_patience.count());
  std::uint64_t freed = 0;
  visit([&](const fs::path& path) {
    std::uint64_t before = allocated_at(path);
    if (std::shared_ptr<CachedObject> object = CachedObject::find(path)) {
      for (std::uint64_t block = 0, end = object->block_end(); block < end; ++block)
        drop(*object, block);
      reclaim(*object);
      freed += before - std::min(before, object->allocated());
    } else {
      std::error_code ignored;
      fs::remove(path, ignored);
      usage_->release(before);
      freed += before;
    }
  });
  return freed;
}

}  // namespace grid::cache
