#include "service/run_readings.h"

#include <algorithm>

namespace grid::service {

static double ratio(std::uint64_t part, std::uint64_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

std::optional<RunReading> find_reading(const run::RunRecord& record) {
  const run::ReadCosts& costs = record.costs;
  if (costs.request_count == 0) return std::nullopt;
  RunReading reading{.request_count = costs.request_count,
                     .request_ns = costs.request_ns,
                     .store_ns = costs.store_ns,
                     .unpack_ns = costs.unpack_ns,
                     .check_ns = costs.check_ns,
                     .store_bytes = costs.store_bytes,
                     .remote_bytes = costs.remote_bytes};
  for (const run::RunVersion& version : record.versions) reading.wanted_bytes += version.bytes_read;
  const std::uint64_t parts = costs.store_ns + costs.unpack_ns + costs.check_ns;
  reading.other_ns = costs.request_ns - std::min(parts, costs.request_ns);
  const std::uint64_t cached = costs.cache_hit_bytes + costs.cache_missed_bytes;
  if (cached > 0) reading.cached_ratio = ratio(costs.cache_hit_bytes, cached);
  if (reading.wanted_bytes > 0)
    reading.amplification =
        ratio(cached > 0 ? costs.remote_bytes : costs.store_bytes, reading.wanted_bytes);
  return reading;
}

}  // namespace grid::service
