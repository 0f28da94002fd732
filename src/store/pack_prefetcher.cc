#include "store/pack_prefetcher.h"

#include <algorithm>

#include "base/error.h"
#include "base/start_thread.h"
#include "store/pack.h"

namespace grid::store {

using namespace packs_ahead;
static_assert(credit_max == 4 * pack_size_target);

// Larger than any pack, whose offsets have 32 bits.
static constexpr std::uint64_t whole_pack = std::uint64_t{1} << 32;

PackPrefetcher::PackPrefetcher(const backend::Backend& backend, ReadAhead policies)
    : backend_(backend),
      policies_(policies),
      remote_(backend.remote()),
      piece_size_(remote_ ? remote_piece_size : whole_pack),
      piece_cost_(std::min<std::uint64_t>(piece_size_, pack_size_target)),
      credit_min_(std::min<std::uint64_t>(4 * piece_cost_, pack_size_target)),
      budget_(backend.carrier().read_ahead_max()) {}

PackPrefetcher::~PackPrefetcher() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
    changed_.notify_all();
  }
  for (std::thread& worker : workers_) worker.join();
}

void PackPrefetcher::note_read(const PackId& pack, std::uint64_t offset, std::size_t size) {
  if (!policies_.packs) return;
  if (remote_) size = std::max(size, remote_read_size_min);
  const std::uint64_t index = offset / piece_size_;
  std::lock_guard lock(mutex_);
  if (expected_.contains({pack, index})) return;
  credit_ = std::min(credit_ + (remote_ ? remote_factor : local_factor) * size, credit_max);
  Touched& touched = touched_.try_emplace(pack, Touched{index, index}).first->second;
  touched = {std::min(touched.first, index), std::max(touched.last, index)};
  spend_on({pack, index});
  for (std::uint64_t between = touched.first; between <= touched.last; ++between)
    spend_on({pack, between});
  if (!remote_) return;  // a piece is the whole pack
  spend_on({pack, index + 1});
  if (index > 0) spend_on({pack, index - 1});
}

void PackPrefetcher::spend_on(const Piece& piece) {
  if (credit_ < credit_min_ || asked_for_.contains(piece) || expected_.contains(piece)) return;
  if ((asked_for_.size() + 1) * piece_cost_ > budget_) return;
  credit_ -= piece_cost_;
  asked_for_.insert(piece);
  ask_for(piece);
}

void PackPrefetcher::expect(const PackId& pack, std::uint64_t begin, std::uint64_t end) {
  if (budget_ == 0 || !policies_.files) return;  // budget 0: nothing can be kept near
  std::lock_guard lock(mutex_);
  for (Piece piece{pack, begin / piece_size_}; piece.index * piece_size_ < end; ++piece.index) {
    if (!expected_.insert(piece).second) continue;
    expected_order_.push_back(piece);
    ask_for(piece);
    if (expected_order_.size() <= expected_max) continue;
    expected_.erase(expected_order_.front());
    expected_order_.pop_front();
  }
}

void PackPrefetcher::ask_for(const Piece& piece) {
  waiting_.push_back(piece);
  if (idle_count_ < waiting_.size() && workers_.size() < (remote_ ? remote_in_flight : 1)) try {
      workers_.push_back(start_thread([this] { work(); }));
    } catch (const Error&) {
      // Reading ahead only saves time.
    }
  changed_.notify_one();
}

void PackPrefetcher::work() {
  for (;;) {
    Piece piece;
    {
      std::unique_lock lock(mutex_);
      ++idle_count_;
      changed_.wait(lock, [&] { return ending_ || !waiting_.empty(); });
      --idle_count_;
      if (ending_) return;
      piece = waiting_.front();
      waiting_.pop_front();
    }
    try {
      backend_.carrier().expect_reads(pack_data_key(piece.pack), piece.index * piece_size_,
                                      piece_size_);
    } catch (const Error&) {
      // It was a hint: the read of the pack reports what is wrong with it.
    }
  }
}

}  // namespace grid::store
