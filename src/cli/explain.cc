#include "cli/explain.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/text.h"

namespace grid::cli {

namespace {

std::string spell_seconds(std::uint64_t ns) {
  return fmt::format("{:>8.3f} s", static_cast<double>(ns) / 1e9);
}

double ratio(std::uint64_t part, std::uint64_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

std::string explain_reading(const run::RunRecord& record) {
  const run::ReadCosts& costs = record.costs;
  if (costs.request_count == 0) return "";
  std::uint64_t wanted = 0;
  for (const run::RunVersion& version : record.versions) wanted += version.bytes_read;
  const std::uint64_t parts = costs.store_ns + costs.unpack_ns + costs.check_ns;

  std::string out =
      fmt::format("reading: the kernel asked {}, for {} of files that it did not have in memory\n",
                  format_count(costs.request_count, "time"), format_size(wanted));
  auto line = [&](std::uint64_t ns, std::string_view what) {
    out += fmt::format("  {}  {}\n", spell_seconds(ns), what);
  };
  line(costs.request_ns, "in all, summed over the threads that answered; of this");
  line(costs.store_ns, fmt::format("waiting for the store, {}", format_size(costs.store_bytes)));
  line(costs.unpack_ns, "decompressing");
  line(costs.check_ns, "comparing digests");
  line(costs.request_ns - std::min(parts, costs.request_ns),
       "names, listings, passing on through FUSE");
  const std::uint64_t cached = costs.cache_hit_bytes + costs.cache_missed_bytes;
  if (cached > 0)
    out += fmt::format("  {:>8.1f} %  of it was in the node's cache; {} came from the store\n",
                       100 * ratio(costs.cache_hit_bytes, cached), format_size(costs.remote_bytes));
  const std::uint64_t read = cached > 0 ? costs.remote_bytes : costs.store_bytes;
  if (wanted > 0)
    out += fmt::format("  {:>8.2f}    bytes read from the store for each that was asked for\n",
                       ratio(read, wanted));
  return out;
}

}  // namespace grid::cli
