// Moves a datastore with all its versions from one store to another.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "care/move.h"
#include "service/json.h"
#include "service/settings.h"

namespace grid::service {

struct MoveRequest {
  std::string name;   // of the datastore
  std::string to;     // a store's path or URL; it is made if it does not exist
  bool keep = false;  // copy: the versions in the old store stay ready
  // Once true, the move soon ends with Interrupted; null: it is never interrupted.
  const std::atomic<bool>* stop = nullptr;
  std::chrono::steady_clock::time_point asked = std::chrono::steady_clock::now();
};

// The datastore that moves. Throws `invalid_argument` if the reference names a version.
std::string moved_name(const dataset::Reference& reference);

// Checks that the datastore can be moved, and opens the store to move it to. Throws `not_found`,
// and unless it is kept `unavailable` if it is in use here or its next version is being made.
std::shared_ptr<dataset::OpenStore> open_destination(const Settings& settings,
                                                     const dataset::OpenStore& from,
                                                     const MoveRequest& request);

struct Move {
  std::string name;
  std::string from, to;  // the names of the stores
  bool kept = false;
  care::MoveResult result;
  std::uint64_t bytes_sent = 0, bytes_stored = 0, bytes_checked = 0;
  std::chrono::nanoseconds elapsed{};
};

// Throws as care::move_datastore() does.
Move move_datastore(const dataset::OpenStore& from, dataset::OpenStore& to,
                    const MoveRequest& request, care::MoveProgress& progress);

void write_document(JsonWriter& json, const Move& move);

struct Rename {
  std::string from, to;                          // names of the datastore
  std::vector<dataset::VersionNumber> versions;  // that are ready under the new name
};

// Throws as care::rename_datastore() does, and `unavailable` if it is in use here or its next
// version is being made.
Rename rename_datastore(const Settings& settings, dataset::OpenStore& store,
                        const std::string& from, const std::string& to);

void write_document(JsonWriter& json, const Rename& rename);

}  // namespace grid::service
