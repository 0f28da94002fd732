// Datastores and their versions: names, numbers, records, publishing, deleting.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/backend.h"
#include "base/error.h"
#include "dataset/datastore_keys.h"
#include "dataset/records.h"
#include "dataset/reference.h"
#include "store/lease.h"

namespace grid::dataset {

enum class VersionState { ready, deleted };
// What can be taken back: what was deleted, or what was moved or renamed and comes back.
enum class Restorable { deleted, gone_elsewhere };
std::string_view name_of(VersionState state);

struct Version {
  VersionRecord record;
  VersionState state = VersionState::ready;
  std::string moved_to = {};    // the store that has it now, if it was moved
  std::string until = {};       // of a deleted one: see Tombstone
  std::string renamed_to = {};  // the same
};

struct UnreadableVersion {
  VersionNumber number = 0;
  std::string reason;
  ErrorKind kind = ErrorKind::corrupt;
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
  // The ready ones alone, as list_datastore_keys() has just shown them.
  std::vector<Version> ready_versions(std::string_view name, const DatastoreKeys& listed,
                                      std::vector<UnreadableVersion>* unreadable = nullptr) const;
  // The numbers of the ready versions, ascending, without reading records.
  std::vector<VersionNumber> ready_numbers(std::string_view name) const;
  // The same, as list_datastore_keys() has just shown it.
  std::vector<VersionNumber> ready_numbers(std::string_view name,
                                           const DatastoreKeys& listed) const;

  // One version in any state; nullopt if it was never published. Does not look for a tombstone in
  // advance (see adopt()), for which every opening would pay a request.
  std::optional<Version> find(std::string_view name, VersionNumber number) const;
  std::optional<Version> find_newest(std::string_view name) const;  // the newest ready one
  // The same, as list_datastore_keys() has just shown it.
  std::optional<Version> find_newest(std::string_view name, const DatastoreKeys& listed) const;
  // The newest ready version with a sound record, for the one that is made next. Newer ones whose
  // records are damaged are added to `damaged`, the newest first.
  std::optional<Version> find_newest_sound(std::string_view name, const DatastoreKeys& listed,
                                           std::vector<UnreadableVersion>& damaged) const;

  // The ready version that a reference means. Throws `not_found`: no such datastore (names the
  // nearest ones), no such version or tag (names those that exist), or deleted. If the record of
  // the newest is damaged, none before it is given in its place: throws `corrupt`, and says the way
  // out. Of a renamed datastore, gives the version under the name that it has now, which its record
  // says.
  Version resolve(const Reference& reference) const;
  // Its number alone: reads no record, so that a version whose record is damaged has one too. An
  // old name does not lead on.
  VersionNumber resolve_number(const Reference& reference) const;

  // Makes the next version exist, atomically; returns its record with the number it got. The number
  // is one that has neither a record nor a tombstone. What the record says about other records, and
  // whose it is, is set here, and its create_id, if it has none. Throws `invalid_argument` for a
  // record that is too large, `unsupported` if all numbers are taken. Unless the error says that it
  // is not known, nothing was published if it throws: see publish.h.
  VersionRecord publish(std::string_view name, VersionRecord record);
  // The same, after list_datastore_keys(), which must not be long ago.
  // `lease` is that of the writer of the chunks, `same_serves_above` as in publish.h.
  VersionRecord publish(std::string_view name, VersionRecord record, const DatastoreKeys& listed,
                        store::Lease* lease = nullptr,
                        std::optional<VersionNumber> same_serves_above = {});

  // Leaves a tombstone: the version is gone from every listing, its number is never used again.
  // Throws `not_found` if there is no such ready version.
  void remove(std::string_view name, VersionNumber number, const Tombstone& tombstone = {});
  // Takes a deleted version back. All that it needs must be there, and stay there by this lease.
  // Throws `not_found` if there is no such version, or it was moved or
  // renamed, unless `which` says so; `already_exists` if it is ready.
  void restore(std::string_view name, VersionNumber number, store::Lease& lease,
               Restorable which = Restorable::deleted);
  // The name that the version has now, or without a number the datastore; empty: not renamed.
  std::string renamed_to(const Reference& reference) const;
  // What deletes a version now; empty if it is not deleted. For one that was never deleted, this
  // costs one request that finds nothing.
  std::optional<Tombstone> find_tombstone(std::string_view name, VersionNumber number) const;

  // The numbers of all versions ever published, ascending.
  std::vector<VersionNumber> published_numbers(std::string_view name) const;
  // A version's record as it is stored, for adopt(); nullopt if it was never published.
  std::optional<Bytes> find_record(std::string_view name, VersionNumber number) const;
  // The store to which a version was moved; empty if it was not.
  std::string moved_to(std::string_view name, VersionNumber number) const;
  // The numbers that have a tombstone, ascending.
  std::vector<VersionNumber> deleted_numbers(std::string_view name) const;
  // Makes a version exist with the same number and the same record as in another store, ready only
  // if `state` is. The chunks of a ready one must be durable here. Returns false, and changes
  // nothing, if the number has a record already, even the same one.
  bool adopt(std::string_view name, VersionNumber number, BytesView record, VersionState state,
             store::Lease* lease = nullptr);
  // Does what an adopt() that was killed has left to do.
  void finish_adoptions(std::string_view name);

  // The newest one that can be read: a damaged one does not hide those before it.
  std::string description(std::string_view name) const;
  // The same, of the descriptions that have these numbers, ascending.
  std::string description(std::string_view name, const std::vector<VersionNumber>& numbers) const;
  void describe(std::string_view name, std::string_view text);

 private:
  Version resolve(const Reference& reference, unsigned renames_left) const;
  // As renamed_to(). Throws `corrupt` if `renames_left` is 0: the names lead on in a circle.
  std::string next_name(const Reference& reference, unsigned renames_left) const;
  // What a reference with a tag means, ready or not.
  Reference follow_tag(const Reference& reference, unsigned renames_left) const;
  template <class Resolve>
  auto resolve_tag(const Reference& reference, const Resolve& resolve) const;
  std::vector<VersionNumber> deleted_numbers(std::string_view name,
                                             const DatastoreKeys& listed) const;
  std::optional<Version> find_listed(std::string_view name, VersionNumber number,
                                     const DatastoreKeys& listed,
                                     const std::vector<VersionNumber>& deleted) const;
  // Those of `numbers` that have a record, ascending, many at once from a server.
  std::vector<Version> find_all(std::string_view name, const std::vector<VersionNumber>& numbers,
                                const DatastoreKeys& listed,
                                const std::vector<VersionNumber>& deleted,
                                std::vector<UnreadableVersion>* unreadable) const;
  bool is_record(std::string_view name, const store::AdvanceTombstone& advance) const;

  std::shared_ptr<backend::Backend> backend_;
  const std::chrono::milliseconds pause_first_;
};

}  // namespace grid::dataset
