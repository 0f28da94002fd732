// Lists the datastores of a store, and describes and deletes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "care/verify.h"
#include "dataset/open_store.h"
#include "service/incomplete_creates.h"
#include "service/json.h"
#include "service/settings.h"

namespace grid::service {

// A datastore in one line.
struct DatastoreSummary {
  std::string name;
  std::string description;
  // The newest ready version, else the last deleted one; empty if none was published.
  std::optional<dataset::Version> newest;
  std::uint64_t ready = 0;         // count of versions
  std::uint64_t stored_bytes = 0;  // of the ready versions
  std::string_view status;         // see docs/json-output.md
};

struct DatastoreList {
  std::vector<DatastoreSummary> datastores;  // by name
  IncompleteCreates incomplete;              // of the same store
  std::vector<care::Damage> unreadable;      // versions and datastores that are left out
};

// The versions of a datastore whose records can be read; adds the others to `unreadable`.
std::vector<dataset::Version> readable_versions(const dataset::Datastores& datastores,
                                                const std::string& name,
                                                std::vector<care::Damage>& unreadable);
// Its description; adds the reason to `unreadable` if none can be read.
std::string readable_description(const dataset::OpenStore& store, const std::string& name,
                                 std::vector<care::Damage>& unreadable);

// Leaves out datastores whose versions are all deleted, unless `deleted_too`. The list is empty if
// the default store does not exist yet, as before the first create.
DatastoreList list_datastores(const Settings& settings, bool deleted_too = false);
DatastoreList list_datastores(const Settings& settings, const dataset::OpenStore& store,
                              bool deleted_too = false);

struct Description {
  std::string name;  // of the datastore
  std::string text;
};

// The datastore to describe. Throws `invalid_argument` if the reference names a
// version.
std::string described_name(const dataset::Reference& reference);
// Throws `not_found` if the datastore has no ready version.
Description read_description(const dataset::OpenStore& store, const std::string& name);
// Throws the same, and `invalid_argument`: see checked_note_text().
Description write_description(const dataset::OpenStore& store, const std::string& name,
                              const std::string& text);

// Versions to delete, or deleted.
struct VersionSet {
  std::string name;  // of the datastore
  std::vector<dataset::VersionNumber> numbers;
  std::string until{};  // they can be taken back; empty: not for a certain time
};

// Whether a version that has a tag may be deleted.
enum class Tagged { refused, deleted_too };

// What `reference` means: with `all` every ready version of a datastore, else one. Throws
// `not_found`, `invalid_argument` if it is not clear which is meant, and `unavailable` if one of
// them has a tag or is in use on this machine.
VersionSet versions_to_delete(const Settings& settings, const dataset::OpenStore& store,
                              const dataset::Reference& reference, bool all,
                              Tagged tagged = Tagged::refused);

// How long their space is kept at least: the whole undo_window, or not at all.
enum class Undo { whole_window, none };
// What was deleted, with the time until when it can be taken back.
VersionSet delete_versions(const dataset::OpenStore& store, VersionSet versions,
                           Undo undo = Undo::whole_window);

void write_document(JsonWriter& json, const DatastoreList& list);
void write_document(JsonWriter& json, const Description& description);
void write_document(JsonWriter& json, const VersionSet& deleted);

}  // namespace grid::service
