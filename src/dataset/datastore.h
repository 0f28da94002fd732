// Datastores and their versions: names, numbers, records, publishing, deleting.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/backend.h"
#include "dataset/records.h"
#include "dataset/reference.h"

namespace grid::dataset {

enum class VersionState { ready, deleted };
std::string_view name_of(VersionState state);

struct Version {
  VersionRecord record;
  VersionState state = VersionState::ready;
};

// All datastores of a store. Thread-safe. Reads nothing but records: opening `cats:1` lists
// nothing.
class Datastores {
 public:
  explicit Datastores(std::shared_ptr<backend::Backend> backend);

  std::vector<std::string> names() const;  // sorted; those whose versions are all deleted included
  // All versions ever published, by number; empty if there is no such datastore.
  std::vector<Version> versions(std::string_view name) const;
  // The numbers of the ready versions, ascending, without reading records: one or two listings.
  std::vector<VersionNumber> ready_numbers(std::string_view name) const;

  // One version in whatever state; nullopt if it was never published.
  std::optional<Version> find(std::string_view name, VersionNumber number) const;
  std::optional<Version> find_newest(std::string_view name) const;  // ready

  // The ready version a reference means. Throws `not_found`: no such datastore (with the nearest
  // names), no such version (with those there are), or deleted.
  Version resolve(const Reference& reference) const;

  // Makes the next version exist, atomically; returns its record with the number it got.
  // `record.number` is ignored.
  VersionRecord publish(std::string_view name, VersionRecord record);

  // Leaves a tombstone: the version is gone from every listing, its number is never used again.
  // Throws `not_found` if there is no such ready version.
  void remove(std::string_view name, VersionNumber number);

  std::string description(std::string_view name) const;
  void describe(std::string_view name, std::string_view text);

 private:
  std::shared_ptr<backend::Backend> backend_;
};

}  // namespace grid::dataset
