// Which versions of a datastore are kept and which may go, by rules that people set.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dataset/open_store.h"
#include "service/datastores.h"
#include "service/json.h"
#include "service/settings.h"

namespace grid::service {

// A version is kept if any of these says so. Days, ISO 8601 weeks and months are those of UTC.
struct RetentionRules {
  std::uint64_t last = 0;                            // the newest so many
  std::uint64_t daily = 0, weekly = 0, monthly = 0;  // the newest of each of so many, with versions
  std::optional<std::chrono::seconds> used{};  // which a run in this user's history has used since

  bool keep_something() const { return last + daily + weekly + monthly > 0 || used.has_value(); }
};

struct DatedVersion {
  dataset::VersionNumber number = 0;
  std::chrono::system_clock::time_point created{};
};

// Why each of the versions is kept, in their order, as "last" or "daily 2026-11-29, in use"; empty:
// no rule keeps it. `versions` are ascending by number. The newest is always kept.
// RetentionRules::used is not looked at.
std::vector<std::string> reasons_to_keep(const std::vector<DatedVersion>& versions,
                                         const RetentionRules& rules);

struct PrunePlan {
  struct Version {
    dataset::VersionNumber number = 0;
    std::string created;  // RFC 3339; empty if its record cannot be read
    std::string kept;     // why; empty: it is to be deleted
  };
  VersionSet deleted;             // to be given to delete_versions(); `until` is empty before
  std::vector<Version> versions;  // the ready ones, the newest first
  bool is_dry = false;
};

// What the rules say of the ready versions of a datastore. Those that a mount or a run on this
// machine uses now are kept, and so are those whose record cannot be read. Throws `not_found` for
// an unknown datastore, `invalid_argument` if the rules keep nothing.
PrunePlan plan_prune(const Settings& settings, const dataset::OpenStore& store,
                     const std::string& name, const RetentionRules& rules);

void write_document(JsonWriter& json, const PrunePlan& plan);

}  // namespace grid::service
