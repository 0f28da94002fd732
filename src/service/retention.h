// Which versions of a datastore are kept and which may go, by rules that people set.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "dataset/open_store.h"
#include "service/datastores.h"
#include "service/json.h"
#include "service/settings.h"

namespace grid::service {

using dataset::RetentionRules;

struct DatedVersion {
  dataset::VersionNumber number = 0;
  std::chrono::system_clock::time_point created{};
};

// Why each of the versions is kept, in their order, as "last" or "daily 2026-11-29, in use"; empty:
// no rule keeps it. `versions` are ascending by number. The newest is always kept.
// RetentionRules::used and tagged are not looked at.
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

// What the rules say of the ready versions of a datastore. Those that have a tag, or that a mount
// or a run on this machine uses now, are kept, and so are those whose record cannot be read. Throws
// `not_found` for an unknown datastore, `invalid_argument` if the rules keep nothing.
PrunePlan plan_prune(const Settings& settings, const dataset::OpenStore& store,
                     const std::string& name, const RetentionRules& rules);

// The rules that are stored with a datastore.
struct Retention {
  std::string name;  // of the datastore
  RetentionRules rules{};
  std::string set{}, set_by{};  // empty: none is set
};
// Both throw `not_found` for a datastore without a ready version. Rules that keep nothing remove
// the retention.
Retention read_retention(const dataset::OpenStore& store, const std::string& name);
Retention write_retention(const dataset::OpenStore& store, const std::string& name,
                          const RetentionRules& rules);
// The rules of a JSON document, with the members of write_document(). Throws `corrupt`, and
// `invalid_argument` if they keep nothing.
RetentionRules rules_of(const JsonObject& document);
std::string text_of(const RetentionRules& rules);  // as options: "--keep-last 5 --keep-tagged"

// Deletes what the stored rules of each datastore do not keep; with `is_dry` it only says what. A
// datastore whose rules or tags cannot be read is left as it is, with the reason.
struct AppliedRetention {
  std::vector<PrunePlan> plans;         // of the datastores that have rules, by name
  std::vector<std::string> left_alone;  // sentences
};
AppliedRetention apply_retention(const Settings& settings, const dataset::OpenStore& store,
                                 bool is_dry);

void write_document(JsonWriter& json, const PrunePlan& plan);
void write_document(JsonWriter& json, const Retention& retention);

}  // namespace grid::service
