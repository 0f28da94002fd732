// How the time that a run spent reading was used.
#pragma once

#include <cstdint>
#include <optional>

#include "run/record.h"
#include "service/json.h"

namespace grid::service {

struct RunReading {
  std::uint64_t request_count = 0;  // of the kernel
  std::uint64_t wanted_bytes = 0;   // of files, those that the kernel did not have in memory
  // Summed over the threads that answered: the total, and its parts.
  std::uint64_t request_ns = 0;
  std::uint64_t store_ns = 0, unpack_ns = 0, check_ns = 0, other_ns = 0;
  std::uint64_t store_bytes = 0;   // as stored
  std::uint64_t remote_bytes = 0;  // fetched over the network
  // The part of the bytes requested from a remote store that the node's cache had; empty if the
  // store is not remote.
  std::optional<double> cached_ratio;
  // Bytes read from the store for each byte wanted; empty if none was.
  std::optional<double> amplification;
};

// Empty if the kernel made no requests.
std::optional<RunReading> find_reading(const run::RunRecord& record);

struct ExplainedRun {
  run::RunRecord record;
};
// Where the time of reading went, and what was read of each version.
void write_document(JsonWriter& json, const ExplainedRun& explained);

}  // namespace grid::service
