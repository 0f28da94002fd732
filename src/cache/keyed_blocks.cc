// Problem. A bucket of a million small objects, read through the cache: a file for each would take
// three pages and an inode beside its bytes, and making room would open a million files.
//
// Idea. A shelf is one sparse file of many places (CachedObject), each as wide as a block; what a
// block does not fill is a hole. A name determines the shelf of its block and four places where it
// may lie. Beside the shelf lies a table that says which name is at each place, and the digest of
// its bytes. When all four places are taken, the first is cleared.
//
// Nothing is synced, and processes do not wait for each other: a record is valid if its sum is
// right, and a block if its digest is the one in the record.
//
// A record: 32 bytes name, 24 bytes of the digest, 8 bytes that check these.

#include "cache/keyed_blocks.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/own_file.h"

namespace grid::cache {

static constexpr std::uint64_t record_size = 64, page = 4096;
static constexpr std::size_t digest_size = 24;
static constexpr std::uint64_t places_max = 16384;  // of a shelf
static constexpr std::uint64_t shelves_max = 256;
// The cache has one place for this many bytes of its limit.
static constexpr std::uint64_t size_of_place = 16 << 10;

static bool same(const Digest& a, const Digest& b) {
  return std::memcmp(a.bytes.data(), b.bytes.data(), digest_size) == 0;
}

class KeyedBlocks::Shelf {
 public:
  Shelf(DiskCache& cache, const std::string& store_id, std::uint64_t number, std::uint64_t places)
      : cache_(cache),
        blocks_(cache.open(store_id, fmt::format("shelf-{:03}", number))),
        path_(cache.folder() / store_id / fmt::format("names-{:03}", number)),
        fd_(open_own_file(path_, O_RDWR | O_CREAT)) {
    const std::uint64_t size = places * record_size;
    struct stat st;
    if (::fstat(fd_.get(), &st) != 0 || (static_cast<std::uint64_t>(st.st_size) < size &&
                                         ::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0))
      throw system_error(errno, fmt::format("cannot make {}", path_.string()));
    void* map = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd_.get(), 0);
    if (map == MAP_FAILED) throw system_error(errno, fmt::format("cannot map {}", path_.string()));
    map_ = static_cast<std::byte*>(map);
    map_size_ = size;
  }
  ~Shelf() { ::munmap(map_, map_size_); }
  Shelf(const Shelf&) = delete;
  Shelf& operator=(const Shelf&) = delete;

  CachedObject& blocks() { return *blocks_; }

  // The name at a place and the digest of its bytes; empty if nothing was ever there.
  std::optional<std::pair<Digest, Digest>> record(std::uint64_t place) {
    std::array<std::byte, record_size> bytes;
    {
      std::lock_guard lock(mutex_);
      std::memcpy(bytes.data(), map_ + place * record_size, record_size);
    }
    if (sum_of(bytes) != load<std::uint64_t>(bytes.data() + record_size - 8)) return std::nullopt;
    std::pair<Digest, Digest> record;
    std::memcpy(record.first.bytes.data(), bytes.data(), 32);
    std::memcpy(record.second.bytes.data(), bytes.data() + 32, digest_size);
    return record;
  }

  // False if the disk is full.
  bool set_record(std::uint64_t place, const Digest& name, const Digest& digest) {
    std::array<std::byte, record_size> bytes;
    std::memcpy(bytes.data(), name.bytes.data(), 32);
    std::memcpy(bytes.data() + 32, digest.bytes.data(), digest_size);
    const std::uint64_t sum = sum_of(bytes);
    std::memcpy(bytes.data() + record_size - 8, &sum, 8);
    if (!allocate(place * record_size / page * page)) return false;
    std::lock_guard lock(mutex_);
    std::memcpy(map_ + place * record_size, bytes.data(), record_size);
    return true;
  }

 private:
  static std::uint64_t sum_of(const std::array<std::byte, record_size>& record) {
    return digest_of(BytesView(record).first(record_size - 8)).prefix();
  }

  // Writing into a mapped hole of a full disk would be a SIGBUS.
  bool allocate(std::uint64_t offset) {
    struct stat before, after;
    if (::fstat(fd_.get(), &before) != 0 ||
        ::posix_fallocate(fd_.get(), static_cast<off_t>(offset), static_cast<off_t>(page)) != 0 ||
        ::fstat(fd_.get(), &after) != 0)
      return false;
    if (after.st_blocks > before.st_blocks)
      cache_.reserve(static_cast<std::uint64_t>(after.st_blocks - before.st_blocks) * 512);
    return true;
  }

  DiskCache& cache_;
  const std::shared_ptr<CachedObject> blocks_;
  const std::filesystem::path path_;
  const FileDescriptor fd_;
  std::mutex mutex_;
  std::byte* map_ = nullptr;  // its bytes: guarded by mutex_, and shared by all processes
  std::uint64_t map_size_ = 0;
};

static std::uint64_t places_for(std::uint64_t size_max) {
  return std::clamp(std::bit_floor(size_max / size_of_place), std::uint64_t{64},
                    shelves_max * places_max);
}

KeyedBlocks::KeyedBlocks(std::shared_ptr<DiskCache> cache, std::string store_id)
    : cache_(std::move(cache)),
      store_id_(std::move(store_id)),
      shelf_count_(std::max<std::uint64_t>(places_for(cache_->size_max()) / places_max, 1)),
      places_(std::min(places_for(cache_->size_max()), places_max)),
      shelves_(shelf_count_) {}

KeyedBlocks::~KeyedBlocks() = default;

// nullptr if the cache cannot be used: reading must work without it.
KeyedBlocks::Shelf* KeyedBlocks::shelf_of(const Digest& name) {
  const std::uint64_t number = name.prefix() % shelf_count_;
  std::lock_guard lock(mutex_);
  std::unique_ptr<Shelf>& shelf = shelves_[number];
  try {
    if (!shelf) shelf = std::make_unique<Shelf>(*cache_, store_id_, number, places_);
  } catch (const Error&) {
    return nullptr;
  }
  return shelf.get();
}

std::array<std::uint64_t, 4> KeyedBlocks::places_of(const Digest& name) const {
  std::array<std::uint64_t, 4> places;
  for (std::size_t i = 0; i < places.size(); ++i)
    places[i] = load<std::uint32_t>(name.bytes.data() + 8 + 4 * i) % places_;
  return places;
}

KeyedBlocks::Found KeyedBlocks::find(const Digest& name) {
  Shelf* shelf = shelf_of(name);
  if (shelf == nullptr) return {};
  for (std::uint64_t place : places_of(name))
    if (auto record = shelf->record(place); record && record->first == name)
      return {shelf, place, record->second};
  return {};
}

bool KeyedBlocks::present(const Digest& name) {
  const Found found = find(name);
  return found.shelf != nullptr && found.shelf->blocks().present(found.place);
}

bool KeyedBlocks::read_block(const Digest& name, std::uint64_t size, std::uint64_t offset,
                             MutableBytesView out) {
  const Found found = find(name);
  if (found.shelf == nullptr || !found.shelf->blocks().present(found.place)) return false;
  thread_local Bytes scratch;
  const bool whole = offset == 0 && out.size() == size;
  if (!whole) scratch.resize(size);
  const MutableBytesView block = whole ? out : MutableBytesView(scratch);
  if (!found.shelf->blocks().read_block(found.place, 0, block)) return false;
  if (!same(digest_of(block), found.digest)) {
    cache_->drop_damaged(found.shelf->blocks(), found.place);
    return false;
  }
  if (!whole)
    std::copy_n(block.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
  return true;
}

void KeyedBlocks::put(const Digest& name, BytesView bytes) {
  Shelf* shelf = shelf_of(name);
  if (shelf == nullptr) return;
  const Digest digest = digest_of(bytes);
  const std::array<std::uint64_t, 4> places = places_of(name);
  std::optional<std::uint64_t> unused, empty;
  for (std::uint64_t place : places) {
    const auto record = shelf->record(place);
    if (record && record->first == name) {
      if (!same(record->second, digest))
        fail(ErrorKind::corrupt,
             "the bytes differ from those that were read under the same ETag before");
      cache_->put(shelf->blocks(), place, bytes);
      return;
    }
    if (shelf->blocks().present(place)) continue;
    if (!empty) empty = place;
    if (!record && !unused) unused = place;
  }
  const std::uint64_t place = unused ? *unused : empty ? *empty : places[0];
  cache_->drop(shelf->blocks(), place);
  if (shelf->set_record(place, name, digest)) cache_->put(shelf->blocks(), place, bytes);
}

std::shared_ptr<void> KeyedBlocks::lock(const Digest& name) {
  Shelf* shelf = shelf_of(name);
  if (shelf == nullptr) return nullptr;
  return shelf->blocks().lock(places_of(name)[0], 1);
}

}  // namespace grid::cache
