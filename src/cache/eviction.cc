#include "cache/eviction.h"

#include <deque>

namespace grid::cache {

static constexpr std::uint64_t newcomers_share =
    10;  // the small queue is 1 / newcomers_share of all

namespace {

class Queues {
 public:
  Queues(std::vector<BlockInCache> blocks, std::uint64_t newcomers_size_max)
      : newcomers_size_max_(newcomers_size_max) {
    std::sort(blocks.begin(), blocks.end(), [](const BlockInCache& a, const BlockInCache& b) {
      return a.state.stamp < b.state.stamp;
    });
    for (BlockInCache& block : blocks) {
      if (!block.state.main) newcomers_size_ += block.size;
      (block.state.main ? main_ : newcomers_).push_back(std::move(block));
    }
  }

  bool empty() const { return newcomers_.empty() && main_.empty(); }

  // Takes the next block from the end of the queue whose turn it is.
  BlockInCache next() {
    bool from_newcomers =
        main_.empty() || (newcomers_size_ > newcomers_size_max_ && !newcomers_.empty());
    std::deque<BlockInCache>& queue = from_newcomers ? newcomers_ : main_;
    BlockInCache block = queue.front();
    queue.pop_front();
    if (from_newcomers) newcomers_size_ -= block.size;
    return block;
  }

  void put_into_main(BlockInCache block) { main_.push_back(std::move(block)); }

 private:
  const std::uint64_t newcomers_size_max_;
  std::deque<BlockInCache> newcomers_, main_;  // the oldest first
  std::uint64_t newcomers_size_ = 0;
};

}  // namespace

// It ends because each round removes a block for good or takes away one of its at most three uses.
std::vector<Verdict> choose_evictions(std::vector<BlockInCache> blocks, std::uint64_t size_to_free,
                                      std::uint64_t size_max) {
  Queues queues(std::move(blocks), size_max / newcomers_share);
  std::vector<Verdict> verdicts;
  std::uint64_t freed = 0;
  while (freed < size_to_free && !queues.empty()) {
    BlockInCache block = queues.next();
    if (block.state.uses == 0) {
      freed += block.size;
      verdicts.push_back({block.object, block.block, Fate::leave, 0});
      continue;
    }
    // A newcomer's uses have earned it its place; from then on each round costs one use.
    block.state.uses = block.state.main ? static_cast<std::uint8_t>(block.state.uses - 1) : 0;
    block.state.main = true;
    verdicts.push_back({block.object, block.block, Fate::stay_in_main, block.state.uses});
    queues.put_into_main(std::move(block));
  }
  return verdicts;
}

}  // namespace grid::cache
