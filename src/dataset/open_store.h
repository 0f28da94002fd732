// A store opened for use: its chunks, its datastores and the caches that readers share.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "backend/backend.h"
#include "dataset/buckets.h"
#include "dataset/datastore.h"
#include "dataset/file_reader.h"
#include "dataset/known_drift.h"
#include "dataset/read_costs.h"
#include "net/server_options.h"
#include "store/chunk_store.h"
#include "tree/content_reader.h"
#include "tree/manifest.h"

namespace grid::dataset {

struct OpenStoreOptions {
  bool make_if_absent = false;         // else `not_found`, with what to do
  net::ServerOptions servers{};        // how stores that are on one are reached
  std::filesystem::path cache_folder;  // see store::ChunkStoreOptions; empty: nothing is kept
  std::size_t segment_cache_size_max = 24 << 20;  // bytes
  std::size_t recipe_cache_size_max = 8 << 20;    // bytes
  std::size_t frame_cache_size_max = 16 << 20;    // bytes
  // For readers that stay, as a mount: see store::PackPrefetcher. The node's cache then follows no
  // reader by itself.
  bool read_ahead = false;
  ReadCostCounters* costs = nullptr;  // outlives the store; null disables counting
};

// Thread-safe, as its parts are.
struct OpenStore {
  std::shared_ptr<backend::Backend> backend;
  store::StoreMarker marker;
  std::shared_ptr<store::ChunkStore> chunks;
  std::shared_ptr<tree::SegmentCache> segments;
  std::shared_ptr<tree::ContentReader> contents;
  std::shared_ptr<FileReader> files;
  std::shared_ptr<Buckets> buckets;  // of files in place
  std::shared_ptr<KnownDrift> drift;
  std::shared_ptr<Datastores> datastores;
  std::filesystem::path cache_folder;
  std::filesystem::path local_folder{};  // in which it lies, of this machine; empty: elsewhere

  // For what is too much for memory.
  std::filesystem::path temporary_folder() const {
    return cache_folder.empty() ? std::filesystem::path("/var/tmp") : cache_folder / "tmp";
  }
  std::shared_ptr<const tree::Manifest> manifest(const VersionRecord& record) const {
    return tree::Manifest::open(chunks, segments, record.root);
  }
  // Where the scan record of a datastore is; empty: nowhere.
  std::filesystem::path scan_record_path(const std::string& name) const {
    return cache_folder.empty() ? cache_folder : cache_folder / "scans" / marker.store_id / name;
  }
};

// `location` as for backend::open(). Throws `not_found` (nothing there), `corrupt` (no store),
// `unsupported` (a newer format), `permission_denied`.
std::shared_ptr<OpenStore> open_store(std::string_view location, const OpenStoreOptions& options);
std::shared_ptr<OpenStore> open_store(std::shared_ptr<backend::Backend> backend,
                                      const OpenStoreOptions& options);

// Where the copies of remote stores lie: see cache::DiskCache.
std::filesystem::path node_cache_folder(const std::filesystem::path& cache_folder);

// What a remote store that was opened here is called; its id if that is not known any more.
std::string remembered_store_name(const std::filesystem::path& cache_folder,
                                  std::string_view store_id);

}  // namespace grid::dataset
