#include "run/scoreboard.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "base/error.h"

namespace grid::run {

namespace {

constexpr std::size_t entry_count_max = 16'000;
constexpr std::size_t entry_name_size = 64;  // dataset::is_datastore_name() allows 63

}  // namespace

struct Scoreboard::Entry {
  char name[entry_name_size];
  dataset::VersionNumber version;
  Digest root;
  std::atomic<std::uint64_t> bytes_read;
};

// Entries that were never written take no memory.
struct Scoreboard::Board {
  std::atomic<std::size_t> count;  // of whole entries
  std::atomic<std::uint64_t> overflow;
  dataset::ReadCostCounters read_costs;
  mount::RequestCostCounters request_costs;
  Entry entries[entry_count_max];
};

Scoreboard::Scoreboard() {
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
  void* memory = ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw system_error(errno, "cannot share memory");
  board_ = static_cast<Board*>(memory);  // a new board is all zeros
}

Scoreboard::~Scoreboard() { ::munmap(board_, sizeof(Board)); }

std::atomic<std::uint64_t>& Scoreboard::counter(const UsedVersion& version, const Digest& root) {
  std::lock_guard lock(mutex_);
  const std::size_t count = board_->count;
  for (std::size_t i = 0; i < count; ++i) {
    Entry& entry = board_->entries[i];
    if (entry.version == version.version && entry.name == version.name) return entry.bytes_read;
  }
  if (count == entry_count_max || version.name.size() >= entry_name_size) return board_->overflow;
  Entry& entry = board_->entries[count];
  std::memcpy(entry.name, version.name.data(), version.name.size());
  entry.version = version.version;
  entry.root = root;
  board_->count = count + 1;
  return entry.bytes_read;
}

dataset::ReadCostCounters& Scoreboard::read_costs() const { return board_->read_costs; }

mount::RequestCostCounters& Scoreboard::request_costs() const { return board_->request_costs; }

ReadCosts Scoreboard::costs() const {
  const mount::RequestCostCounters& requests = board_->request_costs;
  const store::StoreCostCounters& store = board_->read_costs.store;
  const cache::CacheCostCounters& cache = board_->read_costs.cache;
  return {.request_count = requests.request_count,
          .request_ns = requests.request_ns,
          .store_ns = store.wait_ns,
          .store_bytes = store.read_bytes,
          .unpack_ns = store.unpack_ns,
          .check_ns = store.check_ns,
          .cache_hit_bytes = cache.hit_bytes,
          .cache_missed_bytes = cache.missed_bytes,
          .remote_bytes = cache.remote_bytes};
}

std::vector<ReadVersion> Scoreboard::versions() const {
  std::vector<ReadVersion> found;
  const std::size_t count = board_->count;
  for (std::size_t i = 0; i < count; ++i) {
    const Entry& entry = board_->entries[i];
    found.push_back({{entry.name, entry.version}, entry.root, entry.bytes_read});
  }
  std::sort(found.begin(), found.end(),
            [](const ReadVersion& a, const ReadVersion& b) { return a.version < b.version; });
  return found;
}

}  // namespace grid::run
