// What is in a version: looking it up, listing it, reading a file of it.
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

// A path inside a version as people write it, made canonical: no leading or trailing '/', no "."
// and no empty components. Throws `invalid_argument` for "..".
std::string path_in_version(std::string_view written);

// The entry at a canonical path that is not empty. Throws `not_found` with the nearest names.
tree::EntryRef entry_at(const OpenVersion& version, std::string_view path);

// What a hard link is another name of; other entries as they are.
tree::EntryRef without_hard_link(const tree::Manifest& manifest, const tree::EntryRef& entry);

// A stretch of a version's entries, which are read while they are looked at.
struct EntryListing {
  OpenVersion version;
  std::string path;       // canonical; empty: the whole version
  bool is_folder = true;  // else the only entry is the one at `path`
  tree::EntryRange range;

  tree::EntryCursor entries() const { return {version.manifest, range}; }
};

// What is in a folder, or everything below it; of something else that alone. `path` is as for
// path_in_version().
EntryListing list_entries(OpenVersion version, std::string_view path, bool recursive);

// Gives the bytes of the file at `path`, piece by piece, to `take`, which keeps none. Throws
// `invalid_argument` for what is no file.
void read_file(const dataset::OpenStore& store, const OpenVersion& version, std::string_view path,
               const std::function<void(BytesView)>& take);

// Needs no more memory for ten million entries than for ten.
void write_document(JsonWriter& json, const EntryListing& listing);

}  // namespace grid::service
