// Makes the next version of a datastore, keeps what an interrupted create needs to continue, and
// reports progress.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "create/create.h"
#include "dataset/open_store.h"
#include "service/json.h"
#include "service/kept_create.h"
#include "service/pace.h"
#include "service/settings.h"
#include "service/source_count.h"

namespace grid::service {

// The command line of the create, so that it can be repeated.
struct CreateCommand {
  std::vector<std::string> words;  // after `grid`, without --store
  std::string folder;              // the current folder of the command
  std::string store;               // its location, valid in any folder
  // Equal for two creates if one can continue the other: made of their sources and of every option
  // that decides what is read.
  std::string identity;
};

struct CreateRequest {
  // DatastoreCreate sets what is kept of earlier attempts.
  create::CreateOptions options;
  std::optional<CreateCommand> command;  // empty: the state folder keeps nothing of the create
  bool count_source = false;             // during the create, so that progress() knows the total
  std::chrono::steady_clock::time_point asked = std::chrono::steady_clock::now();
};

struct CreatedVersion {
  std::string name;  // of the datastore
  create::CreateResult result;
  std::uint64_t bytes_stored = 0;  // by this attempt
  std::chrono::nanoseconds elapsed{};
};

// One create, listed among the incomplete creates from its construction on.
class DatastoreCreate {
 public:
  // `store` outlives it.
  DatastoreCreate(const Settings& settings, dataset::OpenStore& store, CreateRequest request);
  DatastoreCreate(const DatastoreCreate&) = delete;
  DatastoreCreate& operator=(const DatastoreCreate&) = delete;

  // Why the create cannot be continued after an interruption; empty if it can, or was not meant to
  // be.
  std::string keeping_problem() const { return kept_ ? kept_->problem() : ""; }

  ProgressState progress() const;  // thread-safe

  // What there would be of it if it ended now, as the end of a sentence; empty: nothing. Asks no
  // store. Thread-safe.
  std::string what_is_published() const;

  // Call it once. Throws as create::create_version() does.
  CreatedVersion run();

 private:
  dataset::OpenStore& store_;
  CreateRequest request_;
  create::CreateProgress progress_;
  std::optional<SourceCount> ahead_;
  std::optional<KeptCreate> kept_;  // last: its thread uses the rest
};

void write_document(JsonWriter& json, const CreatedVersion& created);

}  // namespace grid::service
