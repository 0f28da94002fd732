// Making the next version of a datastore, with all that stands beside it: what is kept in case of
// an interruption, and how far it is.
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

// The command that asks for the create, so that it can be given again.
struct CreateCommand {
  std::vector<std::string> words;  // behind `grid`, without --store
  std::string folder;              // in which it was given
  std::string store;               // its location, from any folder
  // What two creates have in common if one can continue the other: their sources and every option
  // that decides what is read.
  std::string identity;
};

struct CreateRequest {
  // What is kept of earlier attempts is set by DatastoreCreate.
  create::CreateOptions options;
  std::optional<CreateCommand> command;  // empty: nothing is kept of it
  bool count_source = false;             // beside the create, for progress() to know the total
  std::chrono::steady_clock::time_point asked = std::chrono::steady_clock::now();
};

struct CreatedVersion {
  std::string name;  // of the datastore
  create::CreateResult result;
  std::uint64_t bytes_stored = 0;  // by this attempt
  std::chrono::nanoseconds elapsed{};
};

// One create. From construction on, others see it among the incomplete creates.
class DatastoreCreate {
 public:
  // The store outlives it.
  DatastoreCreate(const Settings& settings, dataset::OpenStore& store, CreateRequest request);
  DatastoreCreate(const DatastoreCreate&) = delete;
  DatastoreCreate& operator=(const DatastoreCreate&) = delete;

  // Why nothing is kept of it, so that an interruption costs more than it should; empty: it is
  // kept, or was not to be.
  std::string keeping_problem() const { return kept_ ? kept_->problem() : ""; }

  ProgressState progress() const;  // thread-safe

  // To be called once. Throws as create::create_version() does.
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
