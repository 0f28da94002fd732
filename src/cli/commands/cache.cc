#include <filesystem>

#include "base/error.h"
#include "cache/disk_cache.h"
#include "cli/args.h"
#include "cli/commands.h"
#include "cli/table.h"
#include "cli/text.h"
#include "dataset/open_store.h"
#include "service/json.h"

namespace grid::cli {

namespace {

cache::DiskCache open_cache(const Context& context) {
  return cache::DiskCache(dataset::node_cache_folder(context.settings.cache_folder));
}

// Of what readers wanted, in percent.
double hit_rate(const cache::Statistics& statistics) {
  const double wanted = static_cast<double>(statistics.bytes_hit + statistics.bytes_missed);
  return wanted == 0 ? 0 : 100 * static_cast<double>(statistics.bytes_hit) / wanted;
}

void write_document(Output& output, const std::string& folder, const cache::Statistics& statistics,
                    const std::vector<cache::CachedStore>& stores, const Context& context) {
  service::JsonWriter json(output.result_writer());
  json.begin_object().name_member("folder", folder);
  json.member("size", statistics.size).member("limit", statistics.size_max);
  json.member("bytes_hit", statistics.bytes_hit).member("bytes_missed", statistics.bytes_missed);
  json.member("bytes_fetched", statistics.bytes_fetched);
  json.member("bytes_evicted", statistics.bytes_evicted);
  json.member("blocks_damaged", statistics.blocks_damaged);
  json.key("stores").begin_array();
  for (const cache::CachedStore& store : stores) {
    json.begin_object().member("store_id", store.store_id);
    json.name_member("store",
                     dataset::remembered_store_name(context.settings.cache_folder, store.store_id));
    json.member("objects", store.objects).member("size", store.size).end_object();
  }
  json.end_array().end_object();
}

int show(Context& context, const Arguments&) {
  Output& output = context.output;
  const cache::DiskCache cache = open_cache(context);
  const cache::Statistics statistics = cache.statistics();
  const std::vector<cache::CachedStore> stores = cache.stores();
  if (output.json()) {
    write_document(output, cache.folder().string(), statistics, stores, context);
    return 0;
  }
  output.write(fmt::format("{}\n", cache.folder().string()));
  output.write(fmt::format("size      {} of {}\n", format_size(statistics.size),
                           format_size(statistics.size_max)));
  output.write(fmt::format("hit rate  {:.0f} % of {} read\n", hit_rate(statistics),
                           format_size(statistics.bytes_hit + statistics.bytes_missed)));
  output.write(fmt::format("fetched   {}, evicted {}\n", format_size(statistics.bytes_fetched),
                           format_size(statistics.bytes_evicted)));
  if (statistics.blocks_damaged > 0)
    output.write(fmt::format("damaged   {}, fetched again\n",
                             format_count(statistics.blocks_damaged, "block")));
  if (stores.empty()) return 0;
  Table table{.columns = {{.title = "STORE", .may_shrink = true},
                          {.title = "OBJECTS", .align = Align::right},
                          {.title = "SIZE", .align = Align::right}}};
  for (const cache::CachedStore& store : stores)
    table.rows.push_back(
        {escape_name(dataset::remembered_store_name(context.settings.cache_folder, store.store_id)),
         format_count(store.objects), format_size(store.size)});
  output.write("\n" + table.layout(output.result_width()));
  return 0;
}

int limit(Context& context, const Arguments& arguments) {
  const std::uint64_t size_max = parse_size(arguments.get("SIZE"), "the cache's limit");
  if (size_max < cache::block_size)
    fail(ErrorKind::invalid_argument,
         "the cache's limit: {} is less than one block of it, {}; grid cache clear empties it",
         arguments.get("SIZE"), format_size(cache::block_size));
  cache::DiskCache cache = open_cache(context);
  cache.set_size_max(size_max);
  const cache::Statistics statistics = cache.statistics();
  if (context.output.json())
    write_document(context.output, cache.folder().string(), statistics, cache.stores(), context);
  else
    context.output.say(fmt::format("the cache keeps up to {}; {} are in it",
                                   format_size(statistics.size_max), format_size(statistics.size)));
  return 0;
}

int clear(Context& context, const Arguments&) {
  cache::DiskCache cache = open_cache(context);
  const std::uint64_t freed = cache.clear();
  if (context.output.json())
    service::JsonWriter(context.output.result_writer())
        .begin_object()
        .member("freed", freed)
        .end_object();
  else
    context.output.say(fmt::format("freed {}", format_size(freed)));
  return 0;
}

}  // namespace

Command cache_show_command() {
  return {.spec = {.path = {"cache", "show"},
                   .summary = "Show what this machine keeps of remote stores, and how it serves",
                   .description = "What is read from a store in a bucket is kept on this machine's "
                                  "disk, within a limit, and serves all versions, mounts and runs. "
                                  "Stores in a local folder need no cache; what is read of "
                                  "versions in place (--no-copy) is kept as in-place.",
                   .examples = {"grid cache", "grid cache -o json"}},
          .run = show};
}

Command cache_limit_command() {
  return {.spec = {.path = {"cache", "limit"},
                   .summary = "Set how much the cache may take on the disk",
                   .description = "Until it is set, a fifth of the disk. What is over it leaves at "
                                  "once.",
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
