#include "dataset/open_store.h"

#include <sys/stat.h>

#include "backend/open.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/own_file.h"
#include "base/text.h"
#include "cache/caching_backend.h"
#include "dataset/understood.h"
#include "store/caching.h"
#include "store/layout.h"

namespace grid::dataset {

std::shared_ptr<OpenStore> open_store(std::string_view location, const OpenStoreOptions& options) {
  using Folder = backend::LocalBackend::Folder;
  std::shared_ptr<OpenStore> store = open_store(
      std::shared_ptr<backend::Backend>(backend::open(
          location, options.servers, options.reader_stays ? Folder::held : Folder::found_by_path)),
      options);
  store->local_folder = backend::local_folder(location).value_or(std::filesystem::path());
  return store;
}

namespace fs = std::filesystem;

fs::path node_cache_folder(const fs::path& cache_folder) { return cache_folder / "objects"; }

// Below the cache folder: a file for each remote store that was opened, named by the digest of the
// store's location, with lines of its id, its key and its name.
static fs::path stores_folder(const fs::path& cache_folder) { return cache_folder / "stores"; }

namespace {

struct RememberedStore {
  store::StoreMarker marker;
  std::string cache_key, name;
};

// Empty for what is no such file, or was written by an earlier version of grid, without a key.
std::optional<RememberedStore> find_remembered(const fs::path& path) {
  std::optional<Bytes> bytes = find_own_file_bytes(path);
  if (!bytes) return std::nullopt;
  std::string_view text = as_text(*bytes);
  RememberedStore found{.marker = {.store_id = std::string(take_until(text, '\n'))},
                        .cache_key = std::string(take_until(text, '\n')),
                        .name = std::string(text)};
  if (!store::is_store_id(found.marker.store_id) || !store::is_store_id(found.cache_key))
    return std::nullopt;
  return found;
}

fs::path remembered_store_path(const fs::path& cache_folder, const backend::Backend& backend) {
  return stores_folder(cache_folder) / digest_of(as_bytes(backend.location())).hex();
}

void remember_store(const fs::path& cache_folder, const backend::Backend& backend,
                    const store::StoreMarker& marker) {
  try {
    try_make_private_folders(stores_folder(cache_folder));
    replace_file(remembered_store_path(cache_folder, backend),
                 as_bytes(marker.store_id + "\n" + store::cache_key(marker, backend) + "\n" +
                          backend.name()));
  } catch (const Error&) {
    // Without it the store can still be used as long as it can be reached.
  }
}

// The marker of a store that cannot be reached, as it was last seen.
std::optional<store::StoreMarker> recall_store(const fs::path& cache_folder,
                                               const backend::Backend& backend) {
  std::optional<RememberedStore> store =
      find_remembered(remembered_store_path(cache_folder, backend));
  if (!store) return std::nullopt;
  return store->marker;
}

// Earlier versions of grid kept what they derived from a store under its id alone. It can be made
// again, and is not used any more.
void remove_old_derivations(const fs::path& cache_folder, const store::StoreMarker& marker) {
  std::error_code ignored;
  for (const char* kind : {"index", "scans"})
    if (const fs::path old = cache_folder / kind / marker.store_id; fs::exists(old, ignored))
      fs::remove_all(old, ignored);
}

// Whether the store was there, as it is remembered, less than `holds` ago.
bool was_seen_lately(const fs::path& cache_folder, const backend::Backend& backend,
                     std::chrono::seconds holds) {
  struct stat st;
  if (::stat(remembered_store_path(cache_folder, backend).c_str(), &st) != 0) return false;
  const long age = ::time(nullptr) - st.st_mtim.tv_sec;
  return age >= 0 && age < holds.count();
}

// What looks damaged may have been damaged on the way: it is read once more.
std::optional<store::StoreMarker> find_marker(const backend::Backend& backend) {
  try {
    return store::find_marker(backend);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt || !backend.remote()) throw;
    return store::find_marker(backend);
  }
}

struct MarkerFound {
  std::optional<store::StoreMarker> marker;
  std::string unreachable_because{};  // if the marker is only recalled
};

MarkerFound marker_of(backend::Backend& backend, const OpenStoreOptions& options) {
  if (!backend.remote() || options.cache_folder.empty())
    return {options.make_if_absent ? store::make_store(backend) : find_marker(backend)};
  std::optional<store::StoreMarker> recalled;
  if (!options.make_if_absent) recalled = recall_store(options.cache_folder, backend);
  if (recalled && was_seen_lately(options.cache_folder, backend, options.confirmed_for))
    return {recalled};
  const std::shared_ptr<backend::Backend> hasty = recalled ? backend.carrier().hasty() : nullptr;
  try {
    std::optional<store::StoreMarker> marker =
        options.make_if_absent ? store::make_store(backend) : find_marker(hasty ? *hasty : backend);
    if (marker) remember_store(options.cache_folder, backend, *marker);
    return {marker};
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::unavailable || !recalled) throw;
    return {recalled, error.what()};
  }
}

// Only that a version is not deleted holds for a while: a new version must be found at once.
std::function<std::chrono::seconds(std::string_view)> absence_holds(std::chrono::seconds holds) {
  return [holds](std::string_view key) {
    const std::optional<store::RecordKey> record = store::parse_record_key(key);
    return record && record->kind == store::RecordKind::tombstone ? holds : std::chrono::seconds(0);
  };
}

// Null if it cannot be used.
std::shared_ptr<cache::DiskCache> open_node_cache(const fs::path& cache_folder) {
  if (cache_folder.empty()) return nullptr;
  try {
    return std::make_shared<cache::DiskCache>(node_cache_folder(cache_folder));
  } catch (const Error&) {
    return nullptr;
  }
}

}  // namespace

std::string remembered_store_name(const fs::path& cache_folder, std::string_view cache_key) {
  std::error_code error;
  for (fs::directory_iterator at(stores_folder(cache_folder), error), end; !error && at != end;
       at.increment(error))
    if (std::optional<RememberedStore> store = find_remembered(at->path());
        store && store->cache_key == cache_key)
      return store->name;
  return std::string(cache_key);
}

std::shared_ptr<OpenStore> open_store(std::shared_ptr<backend::Backend> backend,
                                      const OpenStoreOptions& options) {
  const MarkerFound found = marker_of(*backend, options);
  const std::optional<store::StoreMarker>& marker = found.marker;
  if (!marker)
    fail(ErrorKind::not_found,
         "there is no store at {} yet: the first `grid datastore create` makes one",
         backend->name());
  if (!options.cache_folder.empty()) remove_old_derivations(options.cache_folder, *marker);
  std::shared_ptr<cache::DiskCache> cache;
  const std::shared_ptr<backend::Backend> origin = backend;
  if (backend->remote()) cache = open_node_cache(options.cache_folder);
  if (cache)
    backend = std::make_shared<cache::CachingBackend>(
        backend, cache,
        cache::CachingOptions{
            .store_key = store::cache_key(*marker, *backend),
            .caching_of = store::caching_of,
            .answers = {.is_understood = is_understood,
                        .warn = options.servers.warn,
                        .absence_holds = absence_holds(options.confirmed_for),
                        .unreachable_because = found.unreachable_because},
            .costs = options.costs ? &options.costs->cache : nullptr,
            .follows_readers = !options.reader_stays && options.read_ahead.blocks});
  auto chunks = std::make_shared<store::ChunkStore>(
      backend, *marker,
      store::ChunkStoreOptions{
          .cache_folder = options.cache_folder,
          .frame_cache_size_max = options.frame_cache_size_max,
          .read_ahead = options.reader_stays ? std::optional(options.read_ahead) : std::nullopt,
          .costs = options.costs ? &options.costs->store : nullptr});
  auto contents = std::make_shared<tree::ContentReader>(chunks, options.recipe_cache_size_max);
  auto buckets = std::make_shared<Buckets>(options.servers);
  // For a store in a local folder, the cache is opened when the first file in place is read.
  auto in_place = std::make_shared<InPlaceReader>(
      buckets,
      [cache, folder = options.cache_folder] { return cache ? cache : open_node_cache(folder); },
      options.costs, options.read_ahead);
  auto drift = std::make_shared<KnownDrift>(options.cache_folder.empty()
                                                ? fs::path()
                                                : options.cache_folder / "drift" /
                                                      store::cache_key(*marker, *backend));
  return std::make_shared<OpenStore>(
      OpenStore{.backend = backend,
                .origin = origin,
                .marker = *marker,
                .cache_key = store::cache_key(*marker, *backend),
                .chunks = chunks,
                .segments = std::make_shared<tree::SegmentCache>(options.segment_cache_size_max),
                .contents = contents,
                .files = std::make_shared<FileReader>(contents, in_place, drift),
                .buckets = buckets,
                .drift = drift,
                .datastores = std::make_shared<Datastores>(backend),
                .cache_folder = options.cache_folder,
                .waits = options.servers.http.stop});
}

std::shared_ptr<OpenStore> open_past_node(const OpenStore& store,
                                          std::shared_ptr<backend::Backend> origin) {
  const std::optional<store::StoreMarker> marker = store::find_marker(*origin);
  if (!marker) fail(ErrorKind::not_found, "there is no store at {} any more", origin->name());
  const OpenStoreOptions defaults;
  auto opened = std::make_shared<OpenStore>(store);
  opened->backend = opened->origin = origin;
  opened->marker = *marker;
  opened->chunks = std::make_shared<store::ChunkStore>(origin, *marker);
  opened->segments = std::make_shared<tree::SegmentCache>(defaults.segment_cache_size_max);
  opened->contents =
      std::make_shared<tree::ContentReader>(opened->chunks, defaults.recipe_cache_size_max);
  opened->files = std::make_shared<FileReader>(
      opened->contents,
      std::make_shared<InPlaceReader>(
          store.buckets, [] { return std::shared_ptr<cache::DiskCache>(); }, nullptr, ReadAhead{}),
      store.drift);
  opened->datastores = std::make_shared<Datastores>(origin);
  return opened;
}

}  // namespace grid::dataset
