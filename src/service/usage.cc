#include "service/usage.h"

#include <algorithm>

#include "base/error.h"
#include "base/user.h"
#include "collect/chunk_use.h"
#include "store/layout.h"

namespace grid::service {

using collect::ChunkUse;
using collect::Counted;
using dataset::Version;
using dataset::VersionState;

namespace {

// Those that the collector keeps.
std::vector<Version> counting_versions(const dataset::OpenStore& store, const std::string& name) {
  std::vector<Version> versions = store.datastores->versions(name);
  std::erase_if(versions, [](const Version& version) {
    return version.state == VersionState::deleted && !(version.until > utc_now());
  });
  return versions;
}

Usage usage_of(const std::string& name, const Version& version) {
  return {.name = name,
          .version = version.record.number,
          .is_deleted = version.state == VersionState::deleted,
          .files = version.record.totals.files,
          .bytes = version.record.totals.bytes};
}

void add(ChunkUse& use, const std::string& name, const Version& version,
         Counted counted = Counted::all) {
  try {
    use.add(version.record.root, counted);
  } catch (const Error& error) {
    throw error.within(dataset::spell(name, version.record.number));
  }
}

// Calls for each version of the other datastores that counts.
template <class Visit>
void visit_others(const dataset::OpenStore& store, const std::string& name, const Visit& visit) {
  for (const std::string& other : store.datastores->names())
    if (other != name)
      for (const Version& version : counting_versions(store, other)) visit(other, version);
}

void write_usage(JsonWriter& json, const Usage& usage) {
  json.begin_object().member("name", usage.name).key("version");
  usage.version == 0 ? json.null() : json.value(usage.version);
  json.member("versions", usage.versions);
  json.member("status", usage.is_deleted ? "deleted" : "ready");
  json.member("files", usage.files).member("bytes", usage.bytes);
  json.member("stored_bytes", usage.stored).member("alone_bytes", usage.alone).end_object();
}

}  // namespace

StoreUsage store_usage(const dataset::OpenStore& store) {
  ChunkUse use(store);
  StoreUsage found{.is_whole = true};
  for (const std::string& name : store.datastores->names()) {
    const std::vector<Version> versions = counting_versions(store, name);
    if (versions.empty()) continue;
    use.begin_group();
    for (const Version& version : versions) add(use, name, version);
    Usage row = usage_of(name, versions.back());
    row.version = 0;
    row.versions = versions.size();
    row.is_deleted = std::all_of(versions.begin(), versions.end(), [](const Version& version) {
      return version.state == VersionState::deleted;
    });
    found.rows.push_back(std::move(row));
  }
  for (std::size_t i = 0; i < found.rows.size(); ++i) {
    found.rows[i].stored = use.groups()[i].needed;
    found.rows[i].alone = use.groups()[i].alone;
  }
  found.needed = use.needed_in_all();
  for (const backend::ObjectEntry& object : store.backend->list(store::packs_prefix())) {
    const auto pack = store::pack_of_data_key(object.key);
    if (!pack) continue;
    found.in_packs += object.size;
    if (!store.chunks->index().packs().contains(*pack)) found.interrupted += object.size;
  }
  return found;
}

StoreUsage datastore_usage(const dataset::OpenStore& store, const std::string& name) {
  const std::vector<Version> versions = counting_versions(store, name);
  if (versions.empty()) store.datastores->resolve_number({.name = name});  // says why
  ChunkUse use(store);
  StoreUsage found;
  for (const Version& version : versions) {
    use.begin_group();
    add(use, name, version);
    found.rows.push_back(usage_of(name, version));
  }
  found.needed = use.needed_in_all();
  use.begin_group();
  visit_others(store, name, [&](const std::string& other, const Version& version) {
    add(use, other, version, Counted::known);
  });
  for (std::size_t i = 0; i < found.rows.size(); ++i) {
    found.rows[i].stored = use.groups()[i].needed;
    found.rows[i].alone = use.groups()[i].alone;
  }
  return found;
}

Explanation explain_version(const dataset::OpenStore& store, const dataset::Reference& reference) {
  const std::vector<Version> versions = counting_versions(store, reference.name);
  const dataset::VersionNumber number = reference.version && reference.tag.empty()
                                            ? *reference.version
                                            : store.datastores->resolve_number(reference);
  const auto meant = std::find_if(versions.begin(), versions.end(), [&](const Version& version) {
    return version.record.number == number;
  });
  if (meant == versions.end()) {
    store.datastores->resolve_number({.name = reference.name, .version = number});  // says why
    fail(ErrorKind::not_found, "there is no {}", dataset::spell(reference.name, number));
  }
  ChunkUse use(store);
  use.begin_group();
  add(use, reference.name, *meant);
  Explanation found{.of = usage_of(reference.name, *meant)};
  const auto note = [&](const std::string& name, const Version& version) {
    use.begin_group();
    add(use, name, version, Counted::known);
    Usage sharing = usage_of(name, version);
    sharing.stored = use.groups().back().needed;
    if (sharing.stored > 0) found.sharing.push_back(std::move(sharing));
  };
  for (const Version& version : versions)
    if (version.record.number != number) note(reference.name, version);
  visit_others(store, reference.name, note);
  found.of.stored = use.groups()[0].needed;
  found.of.alone = use.groups()[0].alone;
  std::stable_sort(found.sharing.begin(), found.sharing.end(),
                   [](const Usage& a, const Usage& b) { return a.stored > b.stored; });
  return found;
}

void write_document(JsonWriter& json, const StoreUsage& usage) {
  json.begin_object().key("usage").begin_array();
  for (const Usage& row : usage.rows) write_usage(json, row);
  json.end_array().member("needed_bytes", usage.needed);
  if (usage.is_whole)
    json.member("pack_bytes", usage.in_packs).member("interrupted_bytes", usage.interrupted);
  json.end_object();
}

void write_document(JsonWriter& json, const Explanation& explanation) {
  json.begin_object().key("version");
  write_usage(json, explanation.of);
  json.key("sharing").begin_array();
  for (const Usage& row : explanation.sharing) write_usage(json, row);
  json.end_array().end_object();
}

}  // namespace grid::service
