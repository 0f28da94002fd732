#include "service/entries.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "tree/chunk_count.h"

namespace grid::service {

using tree::EntryKind;
using tree::EntryRef;

namespace {

constexpr std::size_t piece_size = 4 << 20;  // bytes

EntryRef file_at(const OpenVersion& version, const std::string& path) {
  if (path.empty())
    fail(ErrorKind::invalid_argument, "{}: the path of a file is missing", version.text());
  EntryRef entry = entry_at(version, path);
  switch (entry.kind()) {
    case EntryKind::file:
      return entry;
    case EntryKind::hard_link:
      return entry_at(version, entry.target());
    case EntryKind::folder:
      fail(ErrorKind::invalid_argument, "{}: {} is a folder", version.text(), path);
    case EntryKind::symlink:
      break;
  }
  fail(ErrorKind::invalid_argument, "{}: {} is a symbolic link to {}", version.text(), path,
       entry.target());
}

}  // namespace

OpenVersion open_version(const dataset::OpenStore& store, const dataset::Reference& reference) {
  OpenVersion version{.name = reference.name,
                      .record = store.datastores->resolve(reference).record};
  if (!version.record.datastore.empty()) version.name = version.record.datastore;  // renamed
  version.manifest = store.manifest(version.record);
  return version;
}

std::string path_in_version(std::string_view written) {
  std::string out;
  while (!written.empty()) {
    std::size_t end = std::min(written.find('/'), written.size());
    std::string_view component = written.substr(0, end);
    if (component == "..") fail(ErrorKind::invalid_argument, "a path inside a version has no ..");
    if (!component.empty() && component != ".") {
      if (!out.empty()) out += '/';
      out += component;
    }
    written.remove_prefix(std::min(end + 1, written.size()));
  }
  return out;
}

EntryRef entry_at(const OpenVersion& version, std::string_view path) {
  const tree::Manifest& manifest = *version.manifest;
  if (std::optional<EntryRef> entry = manifest.find_path(path)) return *entry;
  // Reading more names than this of one folder is not worth a hint.
  constexpr std::uint64_t hint_names_max = 20'000;
  std::size_t slash = path.rfind('/');
  std::string_view folder = slash == path.npos ? "" : path.substr(0, slash);
  std::vector<std::string> names;
  tree::EntryRange range = manifest.children(folder);
  for (std::uint64_t i = 0; i < std::min(range.count, hint_names_max); ++i)
    names.emplace_back(manifest.at(range.first + i).name());
  fail(ErrorKind::not_found, "{} has no {}{}", version.text(), path,
       dataset::did_you_mean(slash == path.npos ? path : path.substr(slash + 1), names));
}

EntryRef without_hard_link(const tree::Manifest& manifest, const EntryRef& entry) {
  if (entry.kind() != EntryKind::hard_link) return entry;
  std::optional<EntryRef> first = manifest.find_path(entry.target());
  if (!first)
    fail(ErrorKind::corrupt, "{} is a hard link to {}, which is not there", entry.path(),
         entry.target());
  return *first;
}

EntryListing list_entries(OpenVersion version, std::string_view path, bool recursive) {
  EntryListing listing{.version = std::move(version), .path = path_in_version(path)};
  const tree::Manifest& manifest = *listing.version.manifest;
  if (!listing.path.empty()) {
    const EntryRef entry = entry_at(listing.version, listing.path);
    listing.is_folder = entry.kind() == EntryKind::folder;
    listing.range = {.first = entry.ordinal(), .count = 1};
  }
  if (listing.is_folder)
    listing.range = recursive ? manifest.subtree(listing.path) : manifest.children(listing.path);
  return listing;
}

void read_file(const dataset::OpenStore& store, const OpenVersion& version, std::string_view path,
               const std::function<void(BytesView)>& take) {
  const std::string canonical = path_in_version(path);
  const EntryRef file = file_at(version, canonical);
  Bytes scratch;
  try {
    for (std::uint64_t offset = 0; offset < file.size(); offset += piece_size)
      take(store.files->read_file_part(*version.manifest, file, offset, piece_size, scratch));
  } catch (const Error& error) {
    // What `take` throws is about something else.
    for (const ErrorKind kind : {ErrorKind::corrupt, ErrorKind::changed, ErrorKind::not_found,
                                 ErrorKind::permission_denied, ErrorKind::unsupported})
      if (error.kind() == kind) throw error.within(canonical).within(version.text());
    throw;
  }
}

FileChunks count_chunks(const dataset::OpenStore& store, const OpenVersion& version,
                        std::string_view path) {
  FileChunks result{
      .name = version.name, .version = version.record.number, .path = path_in_version(path)};
  const EntryRef file = file_at(version, result.path);
  result.size = file.size();
  if (file.is_in_place()) return result;
  try {
    result.chunks = tree::count_chunks(*store.chunks, file.content(), file.size());
  } catch (const Error& error) {
    throw error.within(result.path).within(version.text());
  }
  return result;
}

void write_document(JsonWriter& json, const FileChunks& file) {
  json.begin_object().member("name", file.name).member("version", file.version);
  json.name_member("path", file.path).member("size", file.size);
  json.member("chunks", file.chunks).end_object();
}

void write_entry(JsonWriter& json, const tree::Manifest& manifest, const EntryRef& entry) {
  EntryRef file = without_hard_link(manifest, entry);
  json.begin_object().name_member("path", entry.path()).member("kind", name_of(entry.kind()));
  if (file.kind() == EntryKind::file)
    json.member("size", file.size()).member("executable", file.executable());
  json.member("mtime_ns", file.mtime_ns());
  if (entry.kind() == EntryKind::symlink || entry.kind() == EntryKind::hard_link)
    json.name_member("target", entry.target());
  json.end_object();
}

void write_document(JsonWriter& json, const EntryListing& listing) {
  const OpenVersion& version = listing.version;
  json.begin_object().member("name", version.name).member("version", version.record.number);
  json.name_member("path", listing.path).key("entries").begin_array();
  tree::EntryCursor cursor = listing.entries();
  while (std::optional<EntryRef> entry = cursor.next())
    write_entry(json, *version.manifest, *entry);
  json.end_array().end_object();
}

}  // namespace grid::service
