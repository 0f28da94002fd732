#include "base/error.h"
#include "cli/args.h"
#include "cli/commands.h"
#include "cli/table.h"
#include "cli/text.h"
#include "service/node_cache.h"

namespace grid::cli {

namespace {

// The part of the requested bytes that was in the cache, in percent.
double hit_rate(const cache::Statistics& statistics) {
  const double wanted = static_cast<double>(statistics.bytes_hit + statistics.bytes_missed);
  return wanted == 0 ? 0 : 100 * static_cast<double>(statistics.bytes_hit) / wanted;
}

void write_cache(Output& output, const service::NodeCache& cache) {
  const cache::Statistics& statistics = cache.statistics;
  output.write(fmt::format("{}\n", cache.folder));
  output.write(fmt::format("size      {} of {}\n", format_size(statistics.size),
                           format_size(statistics.size_max)));
  output.write(fmt::format("hit rate  {:.0f} % of {} read\n", hit_rate(statistics),
                           format_size(statistics.bytes_hit + statistics.bytes_missed)));
  output.write(fmt::format("fetched   {}, evicted {}\n", format_size(statistics.bytes_fetched),
                           format_size(statistics.bytes_evicted)));
  if (statistics.blocks_damaged > 0)
    output.write(fmt::format("damaged   {}, fetched again\n",
                             format_count(statistics.blocks_damaged, "block")));
  if (cache.stores.empty()) return;
  Table table{.columns = {{.title = "STORE", .may_shrink = true},
                          {.title = "OBJECTS", .align = Align::right},
                          {.title = "SIZE", .align = Align::right}}};
  for (const service::NodeCache::Store& store : cache.stores)
    table.rows.push_back({escape_name(store.name), format_count(store.cached.objects),
                          format_size(store.cached.size)});
  output.write("\n" + table.layout(output.result_width()));
}

int show(Context& context, const Arguments&) {
  Output& output = context.output;
  const service::NodeCache cache = service::show_cache(context.settings);
  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    service::write_document(json, cache);
  } else {
    write_cache(output, cache);
  }
  return 0;
}

int limit(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  const std::uint64_t size_max = parse_size(arguments.get("SIZE"), "the cache's limit");
  if (size_max < cache::block_size)
    fail(ErrorKind::invalid_argument,
         "the cache's limit: {} is less than one block, {}; to empty it: grid cache clear",
         arguments.get("SIZE"), format_size(cache::block_size));
  const service::NodeCache cache = service::limit_cache(context.settings, size_max);
  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    service::write_document(json, cache);
  } else {
    output.say(fmt::format("the cache keeps up to {}; it holds {}",
                           format_size(cache.statistics.size_max),
                           format_size(cache.statistics.size)));
  }
  return 0;
}

int clear(Context& context, const Arguments&) {
  Output& output = context.output;
  const service::ClearedCache cleared = service::clear_cache(context.settings);
  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    service::write_document(json, cleared);
  } else {
    output.say(fmt::format("freed {}", format_size(cleared.freed)));
  }
  return 0;
}

}  // namespace

Command cache_show_command() {
  return {.spec = {.path = {"cache", "show"},
                   .summary = "Show this machine's cache of remote stores and its hit rate",
                   .description = "What is read from a store in a bucket is kept on this machine's "
                                  "disk, within a limit, and serves all versions, mounts and runs. "
                                  "Stores in a local folder need no cache. What is read from "
                                  "versions in place (--no-copy) is listed as in-place.",
                   .examples = {"grid cache", "grid cache -o json"}},
          .run = show};
}

Command cache_limit_command() {
  return {
      .spec = {.path = {"cache", "limit"},
               .summary = "Limit the disk space that the cache takes",
               .description = "Until it is set, the limit is a fifth of the disk. Anything above "
                              "the limit is removed at once.",
               .positionals = {{.name = "SIZE"}},
               .examples = {"grid cache limit 200GB", "grid cache limit 1.5TiB"}},
      .run = limit};
}

Command cache_clear_command() {
  return {
      .spec = {.path = {"cache", "clear"},
               .summary = "Empty the cache",
               .description = "Safe while mounts and runs read: what they need is fetched again.",
               .examples = {"grid cache clear"}},
      .run = clear};
}

}  // namespace grid::cli
