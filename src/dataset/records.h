// The small objects that are stored about versions and datastores.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "dataset/reference.h"
#include "tree/manifest.h"

namespace grid::dataset {

// Longer texts are refused when they are written, so that every record can be read again: see
// store::sealed_size_max.
inline constexpr std::size_t record_text_size_max = 64 << 10;  // bytes, of each
inline constexpr std::size_t record_name_size_max = 4 << 10;   // of a user's or a program's name
// The newest so many numbers are listed in VersionRecord::deleted.
inline constexpr std::size_t listed_deleted_max = 4096;

inline constexpr std::size_t create_id_size = 32;

// A running sum, so that a list need not read every record.
struct StoredSum {
  VersionNumber from = 0;
  std::uint64_t bytes = 0;  // that the versions `from` to this one have stored

  bool operator==(const StoredSum&) const = default;
};

// What is stored about a version when it is published; never changed afterwards. The members from
// `datastore` on are missing in records of earlier versions of grid.
struct VersionRecord {
  VersionNumber number = 0;
  Digest root;
  std::optional<VersionNumber> parent;  // the newest ready version when it was made
  std::string source;                   // as the user named it
  std::string message;
  std::string created;     // RFC 3339, UTC, for instance 2026-11-22T21:54:45Z
  std::string created_by;  // user@host
  std::string program;     // grid's version
  tree::TreeTotals totals;
  std::uint64_t stored_bytes = 0;  // what this version added to the store
  std::uint64_t left_out = 0;      // entries that could not be kept (--allow-partial, sockets)

  std::string datastore = {};  // set by Datastores::publish(), as are the next two
  // The digest of the stored record of the number before, so that a lost one is missed.
  std::optional<Digest> previous = {};
  // Versions before this one that had a tombstone when it was made, ascending, so that a lost
  // tombstone is missed.
  std::vector<VersionNumber> deleted = {};
  std::optional<std::int64_t> top_mtime_ns = {};  // of the source's own folder, if it has one
  // Of the create that made it: create_id_size random hexadecimal digits, or "" in older records.
  std::string create_id = {};
  // Set by Datastores::publish(), if the record of the number before could be read. For showing
  // only: verify checks it.
  std::optional<StoredSum> stored_sum = {};

  bool operator==(const VersionRecord&) const = default;
};

// JSON. Throws `invalid_argument` for a text that is too long.
std::string encode_version_record(const VersionRecord& record);

// Throws `corrupt` for anything but the record of this version of this datastore, `unsupported`
// for a newer format.
VersionRecord decode_version_record(BytesView object, std::string_view datastore,
                                    VersionNumber number);

// A datastore's description number `number`; as above.
std::string encode_description(std::string_view datastore, VersionNumber number,
                               std::string_view text);
std::string decode_description(BytesView object, std::string_view datastore, VersionNumber number);

// What a tag's object number K says: the one with the highest number counts.
struct TagRecord {
  std::optional<VersionNumber> version{};  // empty: the tag was removed
  std::string set{};                       // when, RFC 3339, UTC
  std::string set_by{};                    // user@host
};
// As above.
std::string encode_tag(std::string_view datastore, std::string_view tag, VersionNumber number,
                       const TagRecord& record);
TagRecord decode_tag(BytesView object, std::string_view datastore, std::string_view tag,
                     VersionNumber number);

// Which versions of a datastore are kept: those of which any of these says so. Days, ISO 8601 weeks
// and months are those of UTC.
struct RetentionRules {
  std::uint64_t last = 0;                            // the newest so many
  std::uint64_t daily = 0, weekly = 0, monthly = 0;  // the newest of each of so many, with versions
  // Which a run has used within this time, as far as the history shows where they are applied.
  std::optional<std::chrono::seconds> used{};
  bool tagged = false;  // that have a tag

  bool keep_something() const {
    return last + daily + weekly + monthly > 0 || used.has_value() || tagged;
  }
  bool operator==(const RetentionRules&) const = default;
};

// What a datastore's retention number K says: the one with the highest number counts.
struct RetentionRecord {
  RetentionRules rules{};  // that keep nothing: there is no retention
  std::string set{};       // when, RFC 3339, UTC
  std::string set_by{};    // user@host
};
// As above.
std::string encode_retention(std::string_view datastore, VersionNumber number,
                             const RetentionRecord& record);
RetentionRecord decode_retention(BytesView object, std::string_view datastore,
                                 VersionNumber number);

// What says that a version is deleted, even if it cannot be decoded.
struct Tombstone {
  std::string moved_to{};  // the store that has the version now; empty: it was not moved
  // RFC 3339, UTC: until then its space is kept, so that it can be taken back; empty: it is not.
  std::string until{};
  // The datastore of the same store that has the version now; empty: it was not renamed.
  std::string renamed_to{};
};
// As above.
std::string encode_tombstone(std::string_view datastore, VersionNumber number,
                             const Tombstone& tombstone);
Tombstone decode_tombstone(BytesView object, std::string_view datastore, VersionNumber number);

// What says that a version was taken back for the `again`-th time; as above.
std::string encode_restoration(std::string_view datastore, VersionNumber number,
                               std::uint32_t again);
void check_restoration(BytesView object, std::string_view datastore, VersionNumber number,
                       std::uint32_t again);

// Throws `invalid_argument` for a text that is too long for a record; `noun` begins the message.
void check_record_text(std::string_view noun, std::string_view text,
                       std::size_t size_max = record_text_size_max);

}  // namespace grid::dataset
