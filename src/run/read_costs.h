// What the reads of a run cost: how much was wanted, how much had to be read for it, and where the
// time went.
#pragma once

#include <cstdint>

namespace grid::run {

// Since a server began. Times are sums over threads.
struct ReadCosts {
  std::uint64_t request_count = 0;    // that the kernel put
  std::uint64_t request_ns = 0;       // from taking one to its answer; contains the others
  std::uint64_t store_ns = 0;         // waiting for the store, the node's cache in front of it
  std::uint64_t store_bytes = 0;      // read from there, as stored
  std::uint64_t unpack_ns = 0;        // decompressing
  std::uint64_t check_ns = 0;         // comparing digests
  std::uint64_t cache_hit_bytes = 0;  // of what was wanted of a remote store: in the node's cache
  std::uint64_t cache_missed_bytes = 0;  // and not there
  std::uint64_t remote_bytes = 0;        // that came from a remote store, also ahead of readers

  bool operator==(const ReadCosts&) const = default;
};

}  // namespace grid::run
