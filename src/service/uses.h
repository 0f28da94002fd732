// Finds the mounts and runs on this machine that use versions of a store.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataset/open_store.h"
#include "run/attachment.h"
#include "service/json.h"
#include "service/runs.h"
#include "service/settings.h"

namespace grid::service {

// The mounts and runs that use version `number` of the datastore `name` now; without a number, any
// version of it.
std::vector<run::Attachment> find_users(
    const Settings& settings, const dataset::OpenStore& store, const std::string& name,
    std::optional<dataset::VersionNumber> number = std::nullopt);

// All mounts and runs that use versions of the store now.
struct StoreUsers {
  std::vector<run::Attachment> users;
};
StoreUsers find_users(const Settings& settings, const dataset::OpenStore& store);

// The runs that have ever used it, newest first; a sweep stands for its experiments.
std::vector<ObservedRun> find_runs_using(
    const Settings& settings, const dataset::OpenStore& store, const std::string& name,
    std::optional<dataset::VersionNumber> number = std::nullopt);

// Throws `unavailable`, naming the user, if a mount or a run of any user of this machine uses one
// of these versions now, or a queued run of this one will. `ending` closes the sentence: "nothing
// was deleted".
void refuse_if_used(const Settings& settings, const dataset::OpenStore& store,
                    const std::string& name, const std::vector<dataset::VersionNumber>& numbers,
                    std::string_view ending);

void write_document(JsonWriter& json, const StoreUsers& users);

}  // namespace grid::service
