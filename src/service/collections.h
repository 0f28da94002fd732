// Brings space back: what no version needs is removed from a store, and a deleted version is taken
// back as long as it was not.
#pragma once

#include <atomic>
#include <chrono>
#include <string>

#include "collect/collection.h"
#include "service/json.h"
#include "service/retention.h"
#include "service/settings.h"
#include "store/lease_keeper.h"

namespace grid::service {

// How long a deleted version's space is kept for undelete, unless delete is told otherwise.
inline constexpr std::chrono::hours undo_window{7 * 24};
// How long what an interrupted create has stored is kept for its next attempt.
inline constexpr std::chrono::hours interrupted_kept_for{7 * 24};

struct CollectionRequest {
  // A writer whose lease has not moved for so long is no longer waited for.
  std::chrono::seconds patience = store::lease_patience;
  std::chrono::seconds interrupted_kept_for = service::interrupted_kept_for;
  unsigned rewrite_percent_max = 75;  // see CollectOptions
  std::uint64_t rewrite_bytes_max = 10ull << 30;
  bool applies_retention = false;  // first: see apply_retention()
  bool is_dry = false;
  const std::atomic<bool>* stop = nullptr;  // see CollectOptions
  std::chrono::steady_clock::time_point asked = std::chrono::steady_clock::now();
};

struct Collected {
  collect::CollectReport report;
  AppliedRetention retention{};  // empty if it was not asked for
  bool is_dry = false;
  std::chrono::nanoseconds elapsed{};

  // What has become free, or would: without what was written anew.
  std::uint64_t bytes_freed() const;
};

// One run; see collect::collect(). What it has seen of leases is noted for the next run on this
// machine, so that runs which take a minute each can tell a writer that has died. Nothing else may
// write through `store` meanwhile. Throws `unsupported` for a store in which a program that takes
// no leases could be writing: see upgrade_store().
Collected collect_store(const Settings& settings, const dataset::OpenStore& store,
                        const CollectionRequest& request, collect::CollectProgress& progress);

// From now on, older programs refuse the store. None of them may be writing to it. False if that
// was so before.
bool upgrade_store(const dataset::OpenStore& store);

// The version that is ready again. See care::undelete().
struct Undeleted {
  std::string name;
  dataset::VersionNumber number = 0;
};
Undeleted undelete_version(const dataset::OpenStore& store, const dataset::Reference& reference);

void write_document(JsonWriter& json, const Collected& collected);
void write_document(JsonWriter& json, const Undeleted& undeleted);

}  // namespace grid::service
