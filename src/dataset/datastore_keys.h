// What the keys of a datastore say, without reading an object.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/backend.h"
#include "dataset/reference.h"
#include "store/layout.h"

namespace grid::dataset {

struct DatastoreKeys {
  std::vector<VersionNumber> versions;    // that have a record, ascending
  std::vector<VersionNumber> tombstones;  // that a tombstone deletes, ascending
  // How often versions were taken back, and deleted after they were.
  std::map<VersionNumber, std::uint32_t> restored, deleted_again;
  std::vector<store::AdvanceTombstone> in_advance;
  std::vector<VersionNumber> descriptions;  // ascending; only list_all_datastore_keys() looks
  // The number of the newest object of each tag, and of the retention; again, only
  // list_all_datastore_keys() looks.
  std::map<std::string, VersionNumber> tags;
  VersionNumber retention = 0;  // 0: there is none
  // Of what lies below the versions and tombstones, whatever it is: see number_taken_by().
  VersionNumber highest_taken = 0;

  // The versions that have no tombstone, ascending. One in advance may apply to some of them.
  std::vector<VersionNumber> without_tombstone() const;
};

// The number that a name below the prefix of a datastore's objects begins with, whatever lies
// there: publishing passes it over.
std::optional<VersionNumber> number_taken_by(std::string_view name);

bool is_among(const std::vector<VersionNumber>& ascending, VersionNumber number);

// One listing of a server. Empty if there is no such datastore.
DatastoreKeys list_datastore_keys(const backend::Backend& backend, std::string_view name);

// One listing of a server.
std::map<std::string, DatastoreKeys> list_all_datastore_keys(const backend::Backend& backend);

}  // namespace grid::dataset
