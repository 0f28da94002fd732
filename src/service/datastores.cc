#include "service/datastores.h"

#include <algorithm>
#include <map>

#include "backend/outage.h"
#include "base/error.h"
#include "base/utc.h"
#include "care/pack_check.h"
#include "dataset/note_text.h"
#include "dataset/overview.h"
#include "service/collections.h"
#include "service/tags.h"
#include "service/uses.h"
#include "service/verification.h"

namespace grid::service {

namespace {

std::string_view status_of(const DatastoreSummary& summary, const IncompleteCreates& creates) {
  if (std::any_of(creates.begin(), creates.end(), [](const auto& create) { return create.live; }))
    return name_of(create::CreateState::uploading);
  if (summary.ready == 0 && !creates.empty()) return name_of(create::CreateState::failed);
  // A folder without versions, as anybody can make in a local store, is no datastore.
  return name_of(summary.newest ? summary.newest->state : dataset::VersionState::deleted);
}

DatastoreSummary summarise(dataset::DatastoreOverview&& overview, DatastoreList& list) {
  for (dataset::UnreadableVersion& version : overview.unreadable)
    list.unreadable.push_back(
        care::damage_at(overview.name, version.number, "", std::move(version.reason)));
  DatastoreSummary summary{.name = std::move(overview.name),
                           .description = std::move(overview.description),
                           .newest = std::move(overview.newest),
                           .ready = overview.ready,
                           .stored_bytes = overview.stored_bytes,
                           .status = {}};
  summary.status = status_of(summary, of_datastore(list.incomplete, summary.name));
  return summary;
}

}  // namespace

std::vector<dataset::Version> readable_versions(const dataset::Datastores& datastores,
                                                const std::string& name,
                                                std::vector<care::Damage>& unreadable) {
  std::vector<dataset::UnreadableVersion> left_out;
  std::vector<dataset::Version> versions = datastores.versions(name, &left_out);
  for (dataset::UnreadableVersion& version : left_out)
    unreadable.push_back(care::damage_at(name, version.number, "", std::move(version.reason)));
  return versions;
}

std::string readable_description(const dataset::OpenStore& store, const std::string& name,
                                 std::vector<care::Damage>& unreadable) {
  try {
    return store.datastores->description(name);
  } catch (const Error& error) {
    if (is_outage(*store.backend, error)) throw;
    unreadable.push_back(
        care::damage_at(name, 0, "", fmt::format("its description: {}", error.what())));
    return {};
  }
}

DatastoreList list_datastores(const Settings& settings, bool deleted_too) {
  try {
    return list_datastores(settings, *open_store(settings), deleted_too);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::not_found || settings.store_was_named) throw;
    return {};
  }
}

DatastoreList list_datastores(const Settings& settings, const dataset::OpenStore& store,
                              bool deleted_too) {
  DatastoreList list;
  list.incomplete = of_store(find_incomplete_creates(settings), store);
  std::map<std::string, dataset::DatastoreOverview> found;
  for (dataset::DatastoreOverview& one : dataset::overview(*store.datastores, *store.backend)) {
    const std::string name = one.name;
    found.emplace(name, std::move(one));
  }
  for (const create::IncompleteCreate& create : list.incomplete)
    found.try_emplace(create.record.name, dataset::DatastoreOverview{.name = create.record.name});
  for (auto& [name, overview] : found) {
    const bool hides = !overview.newest && !overview.unreadable.empty() &&
                       of_datastore(list.incomplete, name).empty();
    DatastoreSummary summary = summarise(std::move(overview), list);
    bool deleted = summary.status == name_of(dataset::VersionState::deleted);
    if (!hides && (!deleted || deleted_too)) list.datastores.push_back(std::move(summary));
  }
  return list;
}

std::string described_name(const dataset::Reference& reference) {
  if (reference.names_version())
    fail(ErrorKind::invalid_argument, "a description is of the whole datastore {}: name no version",
         reference.name);
  return reference.name;
}

Description read_description(const dataset::OpenStore& store, const std::string& name) {
  store.datastores->resolve_number({.name = name});
  return {.name = name, .text = store.datastores->description(name)};
}

Description write_description(const dataset::OpenStore& store, const std::string& name,
                              const std::string& text) {
  store.datastores->describe(name, dataset::checked_note_text(text, "--text"));
  return {.name = name, .text = store.datastores->description(name)};
}

VersionSet versions_to_delete(const Settings& settings, const dataset::OpenStore& store,
                              const dataset::Reference& reference, bool all, Tagged tagged) {
  bool names_version = reference.names_version();
  if (all && names_version)
    fail(ErrorKind::invalid_argument, "--all deletes every version of {}: name no version with it",
         reference.name);
  if (!all && !names_version)
    fail(ErrorKind::invalid_argument,
         "name the version to delete, as in {}:3, or every one of them with --all", reference.name);
  VersionSet versions{.name = reference.name};
  // For --all too, since its error for an unknown datastore has the nearest names.
  const dataset::VersionNumber number = store.datastores->resolve_number(reference);
  versions.numbers = all ? store.datastores->ready_numbers(reference.name) : std::vector{number};
  if (tagged == Tagged::refused)
    refuse_if_tagged(store, versions.name, versions.numbers, "nothing was deleted");
  refuse_if_used(settings, store, versions.name, versions.numbers, "nothing was deleted");
  return versions;
}

VersionSet delete_versions(const dataset::OpenStore& store, VersionSet versions, Undo undo) {
  if (undo == Undo::whole_window)
    versions.until = format_rfc3339(std::chrono::system_clock::now() + undo_window);
  for (dataset::VersionNumber number : versions.numbers)
    store.datastores->remove(versions.name, number, {.until = versions.until});
  return versions;
}

void write_document(JsonWriter& json, const DatastoreList& list) {
  json.begin_object().key("datastores").begin_array();
  for (const DatastoreSummary& datastore : list.datastores) {
    const dataset::VersionRecord none;
    const dataset::VersionRecord& record = datastore.newest ? datastore.newest->record : none;
    json.begin_object().member("name", datastore.name);
    json.member("description", datastore.description);
    json.member("latest", record.number).member("versions", datastore.ready);
    json.member("files", record.totals.files).member("bytes", record.totals.bytes);
    json.member("stored_bytes", datastore.stored_bytes).member("created", record.created);
    json.member("status", datastore.status).end_object();
  }
  json.end_array();
  write_damages(json, "unreadable", list.unreadable);
  json.end_object();
}

void write_document(JsonWriter& json, const Description& description) {
  json.begin_object().member("name", description.name);
  json.member("description", description.text).end_object();
}

void write_document(JsonWriter& json, const VersionSet& deleted) {
  json.begin_object().member("name", deleted.name).key("deleted").begin_array();
  for (dataset::VersionNumber number : deleted.numbers) json.value(number);
  json.end_array().key("undo_until");
  if (deleted.until.empty())
    json.null();
  else
    json.value(deleted.until);
  json.end_object();
}

}  // namespace grid::service
