// A store opened for use: its chunks, its datastores and the caches that readers share.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "backend/backend.h"
#include "base/read_ahead.h"
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
  bool make_if_absent = false;         // else throws `not_found`, saying what to do
  net::ServerOptions servers{};        // how servers are reached
  std::filesystem::path cache_folder;  // see store::ChunkStoreOptions; empty: nothing is kept
  // How long it holds, for a store on a server, that the store is the one that this machine knows,
  // and that a version is not deleted: neither is asked for again then. A listing is always new.
  std::chrono::seconds confirmed_for{0};
  std::size_t segment_cache_size_max = 24 << 20;  // bytes
  std::size_t recipe_cache_size_max = 8 << 20;    // bytes
  std::size_t frame_cache_size_max = 16 << 20;    // bytes
  // For long-lived readers, such as a mount: see base/read_ahead.h. The node's cache then does
  // not follow readers itself.
  bool reader_stays = false;
  ReadAhead read_ahead{};
  ReadCostCounters* costs = nullptr;  // must outlive the store; null disables counting
};

// Thread-safe, as its parts are.
struct OpenStore {
  std::shared_ptr<backend::Backend> backend;
  std::shared_ptr<backend::Backend> origin;  // the same without this node's copies
  store::StoreMarker marker;
  std::string cache_key;  // see store::cache_key()
  std::shared_ptr<store::ChunkStore> chunks;
  std::shared_ptr<tree::SegmentCache> segments;
  std::shared_ptr<tree::ContentReader> contents;
  std::shared_ptr<FileReader> files;
  std::shared_ptr<Buckets> buckets;  // of files in place
  std::shared_ptr<KnownDrift> drift;
  std::shared_ptr<Datastores> datastores;
  std::filesystem::path cache_folder;
  std::shared_ptr<net::WaitStop> waits{};  // for servers; may be null
  std::filesystem::path
      local_folder{};  // the local folder that holds the store; empty: it is on a server

  // For what exceeds memory.
  std::filesystem::path temporary_folder() const {
    return cache_folder.empty() ? std::filesystem::path("/var/tmp") : cache_folder / "tmp";
  }
  std::shared_ptr<const tree::Manifest> manifest(const VersionRecord& record) const {
    return tree::Manifest::open(chunks, segments, record.root);
  }
  // The path of a datastore's scan record; empty without a cache folder.
  std::filesystem::path scan_record_path(const std::string& name) const {
    return cache_folder.empty() ? cache_folder : cache_folder / "scans" / cache_key / name;
  }
};

// `location` as for backend::open(). Throws `not_found` (nothing there), `corrupt` (not a store),
// `unsupported` (a newer format), `permission_denied`.
std::shared_ptr<OpenStore> open_store(std::string_view location, const OpenStoreOptions& options);
std::shared_ptr<OpenStore> open_store(std::shared_ptr<backend::Backend> backend,
                                      const OpenStoreOptions& options);

// The same store for a reader that must see what the store itself holds: it uses no copies and no
// chunk tables of this node, and its chunk index is empty. What is learnt of drift is kept as ever.
// `origin` is the store's, or one in front of it. Throws as open_store() does.
std::shared_ptr<OpenStore> open_past_node(const OpenStore& store,
                                          std::shared_ptr<backend::Backend> origin);

// Where the copies of remote stores are: see cache::DiskCache.
std::filesystem::path node_cache_folder(const std::filesystem::path& cache_folder);

// The name of a remote store that was opened here, or its key if the name is no longer known.
std::string remembered_store_name(const std::filesystem::path& cache_folder,
                                  std::string_view cache_key);

}  // namespace grid::dataset
