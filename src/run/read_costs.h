// What the reads of a run cost: how much was asked for, how much had to be read for it, and where
// the time went.
#pragma once

#include <cstdint>

namespace grid::run {

// Since the run's first server started. Times are sums over threads.
struct ReadCosts {
  std::uint64_t request_count = 0;       // from the kernel
  std::uint64_t request_ns = 0;          // from taking a request to its answer; includes the others
  std::uint64_t store_ns = 0;            // waiting for the store or the node's cache before it
  std::uint64_t store_bytes = 0;         // read from there, as stored
  std::uint64_t unpack_ns = 0;           // decompressing
  std::uint64_t check_ns = 0;            // comparing digests
  std::uint64_t cache_hit_bytes = 0;     // asked of a remote store and found in the node's cache
  std::uint64_t cache_missed_bytes = 0;  // and not found there
  std::uint64_t remote_bytes = 0;        // fetched from a remote store, also ahead of readers

  bool operator==(const ReadCosts&) const = default;
};

}  // namespace grid::run
