// Which blocks leave a full cache: S3-FIFO, as a pure function.
//
// Problem. Training reads a version again and again, but another job may read a terabyte once,
// through the same cache. Least-recently-used would replace what every epoch needs by what is never
// read again.
//
// Idea. Newcomers enter a small queue, a tenth of the cache. A newcomer that was used again by the
// time it reaches the end moves to the main queue; the others leave, and are remembered for a
// while as ghosts: one that comes back goes to the main queue at once. At the end of the main
// queue, a block that was used since is put back to its front with one use less. So a single scan
// passes through the small queue and leaves the main one alone.
//
// Source: Yang, Zhang, Qiu, Yue, Rashmi, "FIFO queues are all you need for cache eviction",
// SOSP 2023. Here the queues are sorted only when room is needed, by the blocks' own states, since
// these are all that processes share.
#pragma once

#include <cstdint>
#include <vector>

#include "cache/block_state.h"

namespace grid::cache {

struct BlockInCache {
  std::uint32_t object = 0;  // numbered by the caller
  std::uint32_t block = 0;
  std::uint64_t size = 0;  // allocated bytes
  BlockState state;        // present
};

enum class Fate { stay_in_main, leave };  // stay_in_main: with one use less, stamped anew

struct Verdict {
  std::uint32_t object = 0, block = 0;
  Fate fate = Fate::leave;
  std::uint8_t uses = 0;  // of a block that stays
};

// Chooses blocks to evict until `size_to_free` bytes are free or none is left. Blocks without a
// verdict stay as they are. `size_max` is the cache's limit in bytes. O(n log n) in the number of
// blocks.
std::vector<Verdict> choose_evictions(std::vector<BlockInCache> blocks, std::uint64_t size_to_free,
                                      std::uint64_t size_max);

}  // namespace grid::cache
