// The jobs that a server does: creates from what it fetches itself, checks, and freeing space.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "service/collections.h"
#include "service/jobs.h"
#include "service/settings.h"

namespace grid::service {

struct FetchRequest {
  std::string name;    // of the datastore
  std::string source;  // http://, https:// or s3://, or grid:run:NAME for what a run wrote
  std::string message{};
  std::optional<bool>
      extract{};          // unset: what has the name of an archive, unless it is in a bucket
  bool in_place = false;  // of a bucket: its objects stay there
  bool force = false;
  std::vector<std::string> exclude{};  // patterns, as in a .gitignore
  std::string program{};               // for the version's record
  // Whether names of other machines may lead the server anywhere, or to the internet at large only.
  bool public_addresses_only = false;
};

// Makes the next version. Throws `invalid_argument` for any other source, since nothing of the
// server's own disk can be named but the artifacts of a run, and `not_found` for a run that is not.
JobRequest fetch_job(const Settings& settings, const FetchRequest& request);

// Checks versions as verify_versions() does. `scope` empty: all, and `name` is then empty too.
JobRequest verify_job(std::shared_ptr<const dataset::OpenStore> store, std::string name,
                      std::vector<dataset::Reference> scope);

// Frees space as collect_store() does, in a store of its own; the settings outlive the job.
JobRequest collect_job(const Settings& settings, const CollectionRequest& request);

}  // namespace grid::service
