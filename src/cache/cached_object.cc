#include "cache/cached_object.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>

#include "base/error.h"
#include "base/own_file.h"
#include "base/random.h"

namespace grid::cache {

static constexpr std::uint32_t magic = 0x424f4347;  // "GCOB"
static constexpr std::uint32_t format = 2;
static constexpr std::uint64_t map_page = 4096;

// A use counts only if the last counted one is at least this long ago, so that reading a block
// piece by piece is one use. In units of 8 s.
static constexpr std::uint16_t uses_apart = 2;
static constexpr std::uint8_t uses_max = 3;

// How long another process is given to fetch a block before we fetch it too.
static constexpr std::chrono::milliseconds lock_patience{5000};

static std::uint16_t now_in_units() {
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(
      std::chrono::system_clock::now().time_since_epoch());
  return static_cast<std::uint16_t>(seconds.count() / 8 % BlockState::touched_end);
}

CachedObject::CachedObject(FileDescriptor fd, std::filesystem::path path, std::byte* map)
    : fd_(std::move(fd)), path_(std::move(path)), map_(map) {}

CachedObject::~CachedObject() { ::munmap(map_, map_end); }

std::shared_ptr<CachedObject> CachedObject::adopt(FileDescriptor fd,
                                                  const std::filesystem::path& path) {
  void* map = ::mmap(nullptr, map_end, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (map == MAP_FAILED) throw system_error(errno, fmt::format("cannot map {}", path.string()));
  return std::shared_ptr<CachedObject>(
      new CachedObject(std::move(fd), path, static_cast<std::byte*>(map)));
}

std::shared_ptr<CachedObject> CachedObject::find(const std::filesystem::path& path) {
  FileDescriptor fd = find_own_file(path, O_RDWR);
  if (!fd) return nullptr;
  Bytes head(8);
  struct stat st;
  if (::fstat(fd.get(), &st) != 0 || static_cast<std::uint64_t>(st.st_size) < map_end ||
      read_at(fd.get(), head, 0, path.native()) != head.size() ||
      load<std::uint32_t>(head.data()) != magic || load<std::uint32_t>(head.data() + 4) != format)
    return nullptr;
  return adopt(std::move(fd), path);
}

std::shared_ptr<CachedObject> CachedObject::open(const std::filesystem::path& path) {
  if (auto found = find(path)) return found;
  // Made under another name, so that no process maps a file that is too short.
  try_make_private_folders(path.parent_path());
  std::filesystem::path temporary = path;
  temporary += ".tmp-" + random_hex(8);
  {
    FileDescriptor fd = open_file(temporary, O_RDWR | O_CREAT | O_EXCL);
    Bytes head;
    append(head, magic);
    append(head, format);
    // The pages that are mapped must exist: writing into a hole of a full disk is a SIGBUS.
    int failed = ::posix_fallocate(fd.get(), 0, static_cast<off_t>(2 * map_page));
    if (failed == 0 && ::ftruncate(fd.get(), static_cast<off_t>(map_end)) != 0) failed = errno;
    try {
      if (failed != 0) throw system_error(failed, fmt::format("cannot make {}", path.string()));
      write_all(fd.get(), head, temporary.native());
      // If another process was first, its file is as good. A file that is not a copy is replaced.
      if (::link(temporary.c_str(), path.c_str()) != 0 && !find(path) &&
          ::rename(temporary.c_str(), path.c_str()) != 0)
        throw system_error(errno, fmt::format("cannot make {}", path.string()));
    } catch (const Error&) {
      ::unlink(temporary.c_str());  // it may have filled the disk
      throw;
    }
  }
  ::unlink(temporary.c_str());
  if (auto made = find(path)) return made;
  fail(ErrorKind::unavailable, "{} disappeared while it was being made", path.string());
}

std::atomic_ref<std::uint64_t> CachedObject::word(std::uint64_t block) const {
  assert(block < block_count_max);
  return std::atomic_ref(reinterpret_cast<std::uint64_t*>(map_ + map_page)[block]);
}

std::atomic_ref<std::uint64_t> CachedObject::size_word() const {
  return std::atomic_ref(*reinterpret_cast<std::uint64_t*>(map_ + 8));
}

std::optional<std::uint64_t> CachedObject::size() const {
  std::uint64_t stored = size_word().load();
  if (stored == 0) return std::nullopt;
  return stored - 1;
}

void CachedObject::learn_size(std::uint64_t size) { size_word().store(size + 1); }

void CachedObject::forget_size() { size_word().store(0); }

std::uint64_t CachedObject::block_end() const {
  struct stat st;
  if (::fstat(fd_.get(), &st) != 0) return 0;
  std::uint64_t end =
      (static_cast<std::uint64_t>(st.st_size) - map_end + block_size - 1) / block_size;
  return std::min(end, block_count_max);
}

BlockState CachedObject::state(std::uint64_t block) const {
  return decode_block_state(word(block).load(std::memory_order_acquire));
}

void CachedObject::count_use(std::uint64_t block, std::uint64_t seen) const {
  BlockState state = decode_block_state(seen);
  std::uint16_t now = now_in_units();
  if ((now + BlockState::touched_end - state.touched) % BlockState::touched_end < uses_apart)
    return;
  state.touched = now;
  state.uses = std::min<std::uint8_t>(static_cast<std::uint8_t>(state.uses + 1), uses_max);
  word(block).compare_exchange_strong(seen, encode(state));  // fails if another reader counted
}

bool CachedObject::read_block(std::uint64_t block, std::uint64_t offset, MutableBytesView out) {
  std::uint64_t before = word(block).load(std::memory_order_acquire);
  BlockState state = decode_block_state(before);
  if (!state.present) return false;
  std::uint64_t at = map_end + block * block_size + offset;
  if (read_at(fd_.get(), out, at, path_.native()) != out.size()) {
    // The map promises what the file has lost, for instance in a power cut. If the block stayed
    // present, readers would look here forever instead of fetching it.
    evict(block, /*ghost=*/false, 0);
    return false;
  }
  // An eviction clears the word before it punches the hole: if the block still has the same
  // generation, the bytes read are its bytes.
  BlockState after = this->state(block);
  if (!after.present || after.generation != state.generation) return false;
  count_use(block, before);
  return true;
}

// Writing into a mapped hole of a full disk would be a SIGBUS. The first page of the map was
// allocated with the file.
void CachedObject::allocate_map_for(std::uint64_t block) {
  std::uint64_t at = map_page + block * sizeof(std::uint64_t);
  if (at < 2 * map_page) return;
  if (int failed = ::posix_fallocate(fd_.get(), static_cast<off_t>(at / map_page * map_page),
                                     static_cast<off_t>(map_page));
      failed != 0)
    throw system_error(failed, fmt::format("cannot write {}", path_.string()));
}

CachedObject::Filling::Filling(CachedObject& object, std::uint64_t first, std::uint64_t count)
    : object_(object), first_(first), blocks_(count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    object.allocate_map_for(first + i);
    blocks_[i].seen = object.word(first + i).load();
  }
}

CachedObject::Filling::~Filling() {
  for (std::uint64_t i = 0; i < blocks_.size(); ++i)
    if (blocks_[i].written && object_.word(first_ + i).load() == blocks_[i].seen)
      object_.punch(first_ + i);
}

void CachedObject::Filling::write(std::uint64_t offset, BytesView bytes) {
  while (!bytes.empty()) {
    const std::uint64_t i = offset / block_size;
    const std::uint64_t part = std::min(bytes.size(), block_size - offset % block_size);
    Block& block = blocks_[i];
    // A block that was present at the beginning, or arrived meanwhile, stays as it is.
    if (!decode_block_state(block.seen).present && object_.word(first_ + i).load() == block.seen) {
      block.written = true;
      write_at(object_.fd_.get(), bytes.first(part), map_end + first_ * block_size + offset,
               object_.path_.native());
    }
    offset += part;
    bytes = bytes.subspan(part);
  }
}

bool CachedObject::Filling::publish(std::uint64_t block, std::uint64_t size, std::uint32_t clock,
                                    std::uint32_t ghost_clock_min) {
  Block& filled = blocks_[block - first_];
  if (!filled.written) return false;
  std::uint64_t seen = filled.seen;
  BlockState state = decode_block_state(seen);
  state.present = true;
  state.main = state.ghost && state.stamp >= ghost_clock_min;
  state.ghost = false;
  state.uses = 0;
  state.pages = static_cast<std::uint8_t>(allocated_size(size) / map_page);
  state.touched = now_in_units();
  state.stamp = clock;
  if (!object_.word(block).compare_exchange_strong(seen, encode(state))) return false;
  filled.written = false;
  return true;
}

std::uint64_t CachedObject::evict(std::uint64_t block, bool ghost, std::uint32_t clock) {
  std::uint64_t seen = word(block).load();
  BlockState state;
  do {
    state = decode_block_state(seen);
    if (!state.present) return 0;
    state.present = state.main = false;
    state.ghost = ghost;
    state.uses = 0;
    state.stamp = clock;
    ++state.generation;
  } while (!word(block).compare_exchange_weak(seen, encode(state)));
  punch(block);
  return state.allocated_size();
}

void CachedObject::keep_in_main(std::uint64_t block, const BlockState& seen, std::uint8_t uses,
                                std::uint32_t clock) {
  BlockState state = seen;
  state.main = true;
  state.uses = uses;
  state.stamp = clock;
  std::uint64_t expected = encode(seen);
  word(block).compare_exchange_strong(expected, encode(state));
}

void CachedObject::punch(std::uint64_t block) {
  ::fallocate(fd_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
              static_cast<off_t>(map_end + block * block_size), static_cast<off_t>(block_size));
}

std::uint64_t CachedObject::data_in(std::uint64_t block) const {
  const auto begin = static_cast<off_t>(map_end + block * block_size);
  const auto end = begin + static_cast<off_t>(block_size);
  std::uint64_t size = 0;
  for (off_t at = begin; at < end;) {
    const off_t data = ::lseek(fd_.get(), at, SEEK_DATA);
    if (data < 0 || data >= end) break;
    at = std::min(::lseek(fd_.get(), data, SEEK_HOLE), end);
    if (at <= data) break;
    size += allocated_size(static_cast<std::uint64_t>(at - data));
  }
  return size;
}

std::uint64_t CachedObject::reclaim() {
  std::uint64_t freed = 0;
  for (std::uint64_t block = 0, end = block_end(); block < end; ++block) {
    if (present(block)) continue;
    const std::optional<RangeLock> lock = find_lock(block, 1, std::chrono::milliseconds(0));
    if (!lock || present(block)) continue;
    freed += data_in(block);
    punch(block);
  }
  return freed;
}

std::uint64_t CachedObject::allocated() const {
  struct stat st;
  if (::fstat(fd_.get(), &st) != 0) return 0;
  return static_cast<std::uint64_t>(st.st_blocks) * 512;
}

std::shared_ptr<void> CachedObject::lock(std::uint64_t first, std::uint64_t count) {
  std::optional<RangeLock> lock = find_lock(first, count, lock_patience);
  return lock ? std::make_shared<RangeLock>(std::move(*lock)) : nullptr;
}

std::optional<RangeLock> CachedObject::find_lock(std::uint64_t first, std::uint64_t count,
                                                 std::chrono::milliseconds patience) const {
  return RangeLock::find(fd_.get(), map_end + first * block_size, count * block_size, patience);
}

}  // namespace grid::cache
