#include "cache/usage.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <cerrno>

#include "base/error.h"
#include "base/own_file.h"

namespace grid::cache {

static constexpr std::size_t usage_page = 4096;
static constexpr std::uint64_t magic_and_format = 0x1'45535547;  // "GUSE", 1
static constexpr std::uint64_t bytes_per_tick = 16 << 20;
static constexpr std::chrono::milliseconds counting_patience{200};

struct Usage::Words {
  std::atomic<std::uint64_t> magic_and_format, size_max, size, bytes_hit, bytes_missed,
      bytes_fetched, bytes_evicted, blocks_damaged;
};

Usage::Usage(const std::filesystem::path& path, const std::function<std::uint64_t()>& count)
    : path_(path), lock_(open_own_file(path, O_RDWR | O_CREAT), path, LockKind::flock) {
  // Exclusive for a moment if no other process has it; otherwise shared, like theirs.
  const bool alone = lock_.try_take(LockMode::exclusive);
  if (!alone) lock_.try_take_for(LockMode::shared, counting_patience);
  const int fd = lock_.file().get();
  // Writing into a mapped hole of a full disk would be a SIGBUS.
  if (int failed = ::posix_fallocate(fd, 0, usage_page); failed != 0)
    throw system_error(failed, fmt::format("cannot make {}", path.string()));
  void* map = ::mmap(nullptr, usage_page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (map == MAP_FAILED) throw system_error(errno, fmt::format("cannot map {}", path.string()));
  words_ = static_cast<Words*>(map);
  if (!alone) return;
  if (words_->magic_and_format != magic_and_format) {
    ::memset(map, 0, usage_page);
    words_->magic_and_format = magic_and_format;
  }
  try {
    words_->size = count();
    lock_.try_take_for(LockMode::shared, counting_patience);
  } catch (const Error&) {
    ::munmap(words_, usage_page);
    throw;
  }
}

Usage::~Usage() { ::munmap(words_, usage_page); }

Statistics Usage::read() const {
  return {.size_max = words_->size_max,
          .size = words_->size,
          .bytes_hit = words_->bytes_hit,
          .bytes_missed = words_->bytes_missed,
          .bytes_fetched = words_->bytes_fetched,
          .bytes_evicted = words_->bytes_evicted,
          .blocks_damaged = words_->blocks_damaged};
}

void Usage::set_size_max(std::uint64_t size_max) { words_->size_max = size_max; }

bool Usage::reserve(std::uint64_t size, std::uint64_t size_max) {
  std::uint64_t taken = words_->size;
  do {
    if (taken + size > size_max) return false;
  } while (!words_->size.compare_exchange_weak(taken, taken + size));
  return true;
}

void Usage::release(std::uint64_t size) {
  std::uint64_t taken = words_->size;
  while (!words_->size.compare_exchange_weak(taken, taken - std::min(taken, size))) {
  }
}

std::uint32_t Usage::clock() const {
  return static_cast<std::uint32_t>(words_->bytes_fetched / bytes_per_tick);
}

void Usage::note_hit(std::uint64_t size) { words_->bytes_hit += size; }
void Usage::note_missed(std::uint64_t size) { words_->bytes_missed += size; }
void Usage::note_fetched(std::uint64_t size) { words_->bytes_fetched += size; }
void Usage::note_evicted(std::uint64_t size) { words_->bytes_evicted += size; }
void Usage::note_damaged(std::uint64_t blocks) { words_->blocks_damaged += blocks; }

std::optional<FileLock> Usage::lock_for_eviction(std::chrono::milliseconds patience) const {
  return FileLock::find_for(path_.native() + ".eviction", LockKind::flock, patience);
}

}  // namespace grid::cache
