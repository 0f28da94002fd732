// Looks up and lists what is in a version, and reads its files.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "dataset/open_store.h"
#include "service/json.h"
#include "tree/manifest.h"

namespace grid::service {

// A version that is open for reading.
struct OpenVersion {
  std::string name;  // of the datastore
  dataset::VersionRecord record;
  std::shared_ptr<const tree::Manifest> manifest;

  std::string text() const { return dataset::spell(name, record.number); }  // "cats:3"
};

// Throws `not_found` as Datastores::resolve() does.
OpenVersion open_version(const dataset::OpenStore& store, const dataset::Reference& reference);

// Makes a path inside a version canonical: no leading or trailing '/', no "." and no empty
// components. Throws `invalid_argument` for "..".
std::string path_in_version(std::string_view written);

// The entry at a canonical path that is not empty. Throws `not_found` with the nearest names.
tree::EntryRef entry_at(const OpenVersion& version, std::string_view path);

// The file that a hard link is another name of; any other entry as it is.
tree::EntryRef without_hard_link(const tree::Manifest& manifest, const tree::EntryRef& entry);

// A range of a version's entries, which are read while a cursor passes over them.
struct EntryListing {
  OpenVersion version;
  std::string path;       // canonical; empty: the whole version
  bool is_folder = true;  // false: the only entry is the one at `path`
  tree::EntryRange range;

  tree::EntryCursor entries() const { return {version.manifest, range}; }
};

// Lists a folder, or everything below it; for any other entry only that entry. `path` is as for
// path_in_version().
EntryListing list_entries(OpenVersion version, std::string_view path, bool recursive);

// Passes the bytes of the file at `path` to `take`, piece by piece; each piece is valid only during
// the call. Throws `invalid_argument` if `path` is not a file.
void read_file(const dataset::OpenStore& store, const OpenVersion& version, std::string_view path,
               const std::function<void(BytesView)>& take);

// How a file is stored.
struct FileChunks {
  std::string name;  // of the datastore
  dataset::VersionNumber version = 0;
  std::string path;
  std::uint64_t size = 0;
  std::uint64_t chunks = 0;  // 0: the file is empty, or in place
};

// Throws as read_file() does.
FileChunks count_chunks(const dataset::OpenStore& store, const OpenVersion& version,
                        std::string_view path);

void write_document(JsonWriter& json, const FileChunks& file);

// An entry as an object, with the members of docs/json-output.md.
void write_entry(JsonWriter& json, const tree::Manifest& manifest, const tree::EntryRef& entry);

// Needs the same memory for ten million entries as for ten.
void write_document(JsonWriter& json, const EntryListing& listing);

}  // namespace grid::service
