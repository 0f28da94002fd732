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
  std::string moved_to = {};  // the store that has it now, of one that was moved
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
  // Throws `not_found` if there is no such ready version. `moved_to` is the store that has it now,
  // where it was moved.
  void remove(std::string_view name, VersionNumber number, std::string_view moved_to = {});

  // The numbers of all versions ever published, ascending.
  std::vector<VersionNumber> published_numbers(std::string_view name) const;
  // A version's record as it is stored, for adopt(); nullopt if it was never published.
  std::optional<Bytes> find_record(std::string_view name, VersionNumber number) const;
  // Makes a version exist under the number and with the very record that it has in another store;
  // ready only if `state` is. Its chunks must be durable here. False, and nothing changes, if the
  // number has a record already, be it the same.
  bool adopt(std::string_view name, VersionNumber number, BytesView record, VersionState state);

  std::string description(std::string_view name) const;
  void describe(std::string_view name, std::string_view text);

 private:
  std::shared_ptr<backend::Backend> backend_;
};

}  // namespace grid::dataset
