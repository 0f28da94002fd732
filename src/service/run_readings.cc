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

static void write_reading(JsonWriter& json, const RunReading& reading) {
  const auto ratio_member = [&](std::string_view name, const std::optional<double>& value) {
    json.key(name);
    if (value)
      json.value(*value);
    else
      json.null();
  };
  json.begin_object().member("request_count", reading.request_count);
  json.member("wanted_bytes", reading.wanted_bytes).member("store_bytes", reading.store_bytes);
  json.member("remote_bytes", reading.remote_bytes).member("request_ns", reading.request_ns);
  json.member("store_ns", reading.store_ns).member("unpack_ns", reading.unpack_ns);
  json.member("check_ns", reading.check_ns).member("other_ns", reading.other_ns);
  ratio_member("cached_ratio", reading.cached_ratio);
  ratio_member("amplification", reading.amplification);
  json.end_object();
}

void write_document(JsonWriter& json, const ExplainedRun& explained) {
  json.begin_object().member("run", explained.record.name).key("reading");
  if (const std::optional<RunReading> reading = find_reading(explained.record))
    write_reading(json, *reading);
  else
    json.null();
  json.key("versions").begin_array();
  for (const run::RunVersion& version : explained.record.versions) {
    json.begin_object().member("name", version.name).member("version", version.version);
    json.member("touched", version.touched).member("bytes_read", version.bytes_read).end_object();
  }
  json.end_array().end_object();
}

}  // namespace grid::service
