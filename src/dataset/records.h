// The small objects that are stored about versions and datastores.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "dataset/reference.h"
#include "tree/manifest.h"

namespace grid::dataset {

// What is stored about a version when it is published; never changed afterwards.
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
  std::optional<std::int64_t> top_mtime_ns;  // of the source's own folder, if it has one

  bool operator==(const VersionRecord&) const = default;
};

std::string encode_version_record(const VersionRecord& record);  // JSON

// Throws `corrupt` or, for a newer format, `unsupported`; `name` begins the message.
VersionRecord decode_version_record(BytesView object, std::string_view name);

// A datastore's description.
std::string encode_description(std::string_view text);
std::string decode_description(BytesView object, std::string_view name);  // throws as above

// `moved_to` is the store to which the version was moved; empty if it was deleted.
std::string encode_tombstone(std::string_view moved_to);
// The store to which it was moved, or "". Never throws: a tombstone means deleted, whatever it has.
std::string decode_tombstone(BytesView object);

}  // namespace grid::dataset
