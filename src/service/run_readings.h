// Where the time of a run's reading went.
#pragma once

#include <cstdint>
#include <optional>

#include "run/record.h"

namespace grid::service {

struct RunReading {
  std::uint64_t request_count = 0;  // of the kernel
  std::uint64_t wanted_bytes = 0;   // of files, which the kernel did not have in memory
  // Summed over the threads that answered: all of it, and its parts.
  std::uint64_t request_ns = 0;
  std::uint64_t store_ns = 0, unpack_ns = 0, check_ns = 0, other_ns = 0;
  std::uint64_t store_bytes = 0;   // as stored
  std::uint64_t remote_bytes = 0;  // fetched over the network
  // Of what a remote store was asked for, the part that the node's cache had; empty if the store
  // is not remote.
  std::optional<double> cached_ratio;
  // Bytes read from the store for each byte that was wanted; empty if none was.
  std::optional<double> amplification;
};

// Empty if nothing was asked of the datastores.
std::optional<RunReading> find_reading(const run::RunRecord& record);

}  // namespace grid::service
