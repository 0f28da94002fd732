#include "cli/explain.h"

#include <fmt/format.h>

#include "cli/text.h"
#include "service/run_readings.h"

namespace grid::cli {

namespace {

std::string spell_seconds(std::uint64_t ns) {
  return fmt::format("{:>8.3f} s", static_cast<double>(ns) / 1e9);
}

}  // namespace

std::string explain_reading(const run::RunRecord& record) {
  const std::optional<service::RunReading> reading = service::find_reading(record);
  if (!reading) return "";
  std::string out =
      fmt::format("reading: the kernel asked {} for {} of files that it did not have in memory\n",
                  format_count(reading->request_count, "time"), format_size(reading->wanted_bytes));
  auto line = [&](std::uint64_t ns, std::string_view what) {
    out += fmt::format("  {}  {}\n", spell_seconds(ns), what);
  };
  line(reading->request_ns, "in all, summed over the threads that answered; of this time");
  line(reading->store_ns,
       fmt::format("waiting for the store, {}", format_size(reading->store_bytes)));
  line(reading->unpack_ns, "decompressing");
  line(reading->check_ns, "comparing digests");
  line(reading->other_ns, "names, listings, passing on through FUSE");
  if (reading->cached_ratio)
    out += fmt::format("  {:>8.1f} %  of it was in the node's cache; {} came from the store\n",
                       100 * *reading->cached_ratio, format_size(reading->remote_bytes));
  if (reading->amplification)
    out += fmt::format("  {:>8.2f}    bytes read from the store for each byte requested\n",
                       *reading->amplification);
  return out;
}

}  // namespace grid::cli
