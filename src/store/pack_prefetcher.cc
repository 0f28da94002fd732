#include "store/pack_prefetcher.h"

#include <algorithm>

#include "base/error.h"
#include "store/pack.h"

namespace grid::store {

static constexpr std::uint64_t read_ahead_factor = 16;
// What a read counts for at least where it waits for a network, which is what the node's cache
// fetches for it: a pack comes in the time of a few such waits, so it is asked for after 8 reads.
static constexpr std::size_t remote_read_size_min = 256 << 10;  // bytes
static constexpr std::uint64_t credit_max = 4 * pack_size_target;

PackPrefetcher::PackPrefetcher(const backend::Backend& backend)
    : backend_(backend), remote_(backend.remote()), budget_(backend.read_ahead_max()) {}

PackPrefetcher::~PackPrefetcher() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
    changed_.notify_all();
  }
  if (worker_.joinable()) worker_.join();
}

void PackPrefetcher::note_read(const PackId& pack, std::size_t size) {
  if (remote_) size = std::max(size, remote_read_size_min);
  std::lock_guard lock(mutex_);
  credit_ = std::min(credit_ + read_ahead_factor * size, credit_max);
  if (credit_ < pack_size_target || !may_ask_for(pack)) return;
  credit_ -= pack_size_target;
  ask_for(pack);
}

void PackPrefetcher::expect(const PackId& pack) {
  std::lock_guard lock(mutex_);
  if (may_ask_for(pack)) ask_for(pack);
}

bool PackPrefetcher::may_ask_for(const PackId& pack) const {
  return !asked_for_.contains(pack) && (asked_for_.size() + 1) * pack_size_target <= budget_;
}

void PackPrefetcher::ask_for(const PackId& pack) {
  asked_for_.insert(pack);
  waiting_.push_back(pack);
  if (!worker_.joinable()) worker_ = std::thread([this] { work(); });
  changed_.notify_all();
}

void PackPrefetcher::work() {
  for (;;) {
    PackId pack;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return ending_ || !waiting_.empty(); });
      if (ending_) return;
      pack = waiting_.front();
      waiting_.pop_front();
    }
    try {
      backend_.expect_reads(pack_data_key(pack));
    } catch (const Error&) {
      // It was a hint; whoever reads the pack hears of what is wrong with it.
    }
  }
}

}  // namespace grid::store
