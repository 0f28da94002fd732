// Datastores and their versions: names, numbers, records, publishing, deleting.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/backend.h"
#include "dataset/records.h"
#include "dataset/reference.h"
#include "store/layout.h"

namespace grid::dataset {

enum class VersionState { ready, deleted };
std::string_view name_of(VersionState state);

// The number that a name below the prefix of a datastore's objects begins with, whatever lies
// there: publish() passes it over.
std::optional<VersionNumber> number_taken_by(std::string_view name);

struct Version {
  VersionRecord record;
  VersionState state = VersionState::ready;
  std::string moved_to = {};  // the store that has it now, if it was moved
};

struct UnreadableVersion {
  VersionNumber number = 0;
  std::string reason;
};

// All datastores of a store. Thread-safe. Opening `cats:1` reads records and lists nothing.
class Datastores {
 public:
  // `pause_first`: see PublishAt.
  explicit Datastores(std::shared_ptr<backend::Backend> backend,
                      std::chrono::milliseconds pause_first = std::chrono::milliseconds(50));

  std::vector<std::string> names() const;  // sorted; also those whose versions are all deleted
  // All versions ever published, by number; empty if there is no such datastore. Those whose
  // records cannot be read are left out and added to `unreadable`; if that is null, throws instead.
  // A server that cannot be reached is an error in either case.
  std::vector<Version> versions(std::string_view name,
                                std::vector<UnreadableVersion>* unreadable = nullptr) const;
  // The numbers of the ready versions, ascending, without reading records: one or two listings.
  std::vector<VersionNumber> ready_numbers(std::string_view name) const;

  // One version in any state; nullopt if it was never published. Does not look for a tombstone in
  // advance (see adopt()), for which every opening would pay a request.
  std::optional<Version> find(std::string_view name, VersionNumber number) const;
  std::optional<Version> find_newest(std::string_view name) const;  // the newest ready one

  // The ready version that a reference means. Throws `not_found`: no such datastore (names the
  // nearest ones), no such version (names those that exist), or deleted.
  Version resolve(const Reference& reference) const;

  // Makes the next version exist, atomically; returns its record with the number it got. The number
  // is one that has neither a record nor a tombstone. What the record says about other records, and
  // whose it is, is set here, and its create_id, if it has none. Throws `invalid_argument` for a
  // record that is too large, `unsupported` if all numbers are taken. Unless the error says that it
  // is not known, nothing was published if it throws: see publish.h.
  VersionRecord publish(std::string_view name, VersionRecord record);

  // Leaves a tombstone: the version is gone from every listing, its number is never used again.
  // Throws `not_found` if there is no such ready version. `moved_to` is the store that has it now,
  // if it was moved.
  void remove(std::string_view name, VersionNumber number, std::string_view moved_to = {});

  // The numbers of all versions ever published, ascending.
  std::vector<VersionNumber> published_numbers(std::string_view name) const;
  // A version's record as it is stored, for adopt(); nullopt if it was never published.
  std::optional<Bytes> find_record(std::string_view name, VersionNumber number) const;
  // The numbers that have a tombstone, ascending.
  std::vector<VersionNumber> deleted_numbers(std::string_view name) const;
  // Makes a version exist with the same number and the same record as in another store, ready only
  // if `state` is. The chunks of a ready one must be durable here. Returns false, and changes
  // nothing, if the number has a record already, even the same one.
  bool adopt(std::string_view name, VersionNumber number, BytesView record, VersionState state);
  // Does what an adopt() that was killed has left to do.
  void finish_adoptions(std::string_view name);

  // The newest one that can be read: a damaged one does not hide those before it.
  std::string description(std::string_view name) const;
  // The same, of the descriptions that have these numbers, ascending.
  std::string description(std::string_view name, const std::vector<VersionNumber>& numbers) const;
  void describe(std::string_view name, std::string_view text);

 private:
  struct Tombstones;
  Tombstones tombstones(std::string_view name) const;
  std::vector<VersionNumber> deleted_numbers(std::string_view name, const Tombstones& tombstones,
                                             const std::vector<VersionNumber>& published) const;
  std::optional<Version> find_listed(std::string_view name, VersionNumber number,
                                     const Tombstones& tombstones,
                                     const std::vector<VersionNumber>& deleted) const;
  bool is_record(std::string_view name, const store::AdvanceTombstone& advance) const;

  std::shared_ptr<backend::Backend> backend_;
  const std::chrono::milliseconds pause_first_;
};

}  // namespace grid::dataset
