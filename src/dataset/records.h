// The small objects that are stored about versions and datastores.
#pragma once

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

// A version's tombstone; as above. Decoding gives the store to which the version was moved, or "".
// A tombstone means deleted even if it cannot be decoded.
std::string encode_tombstone(std::string_view datastore, VersionNumber number,
                             std::string_view moved_to);
std::string decode_tombstone(BytesView object, std::string_view datastore, VersionNumber number);

// Throws `invalid_argument` for a text that is too long for a record; `noun` begins the message.
void check_record_text(std::string_view noun, std::string_view text,
                       std::size_t size_max = record_text_size_max);

}  // namespace grid::dataset
