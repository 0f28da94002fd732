#include "service/node_cache.h"

#include "base/error.h"
#include "dataset/open_store.h"

namespace grid::service {

static cache::DiskCache open_cache(const Settings& settings) {
  return cache::DiskCache(dataset::node_cache_folder(settings.cache_folder));
}

static NodeCache look_at(const cache::DiskCache& cache, const Settings& settings) {
  NodeCache shown{.folder = cache.folder().string(), .statistics = cache.statistics()};
  for (cache::CachedStore& store : cache.stores()) {
    std::string name = dataset::remembered_store_name(settings.cache_folder, store.store_id);
    shown.stores.push_back({.cached = std::move(store), .name = std::move(name)});
  }
  return shown;
}

NodeCache show_cache(const Settings& settings) { return look_at(open_cache(settings), settings); }

NodeCache limit_cache(const Settings& settings, std::uint64_t size_max) {
  if (size_max < cache::block_size)
    fail(ErrorKind::invalid_argument, "the cache's limit: {} bytes are less than one block of {}",
         size_max, cache::block_size);
  cache::DiskCache cache = open_cache(settings);
  cache.set_size_max(size_max);
  return look_at(cache, settings);
}

ClearedCache clear_cache(const Settings& settings) { return {open_cache(settings).clear()}; }

void write_document(JsonWriter& json, const NodeCache& shown) {
  const cache::Statistics& statistics = shown.statistics;
  json.begin_object().name_member("folder", shown.folder);
  json.member("size", statistics.size).member("limit", statistics.size_max);
  json.member("bytes_hit", statistics.bytes_hit).member("bytes_missed", statistics.bytes_missed);
  json.member("bytes_fetched", statistics.bytes_fetched);
  json.member("bytes_evicted", statistics.bytes_evicted);
  json.member("blocks_damaged", statistics.blocks_damaged);
  json.key("stores").begin_array();
  for (const NodeCache::Store& store : shown.stores) {
    json.begin_object().member("store_id", store.cached.store_id);
    json.name_member("store", store.name);
    json.member("objects", store.cached.objects).member("size", store.cached.size).end_object();
  }
  json.end_array().end_object();
}

void write_document(JsonWriter& json, const ClearedCache& cleared) {
  json.begin_object().member("freed", cleared.freed).end_object();
}

}  // namespace grid::service
