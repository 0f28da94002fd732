#include "service/shown_datastore.h"

#include "service/datastores.h"
#include "service/tags.h"
#include "service/uses.h"
#include "service/verification.h"
#include "service/version_document.h"

namespace grid::service {

ShownDatastore show_datastore(const Settings& settings, const dataset::OpenStore& store,
                              const dataset::Reference& written) {
  dataset::Reference reference = written;
  // An old name leads on, unless it is used again.
  if (store.datastores->ready_numbers(reference.name).empty())
    if (const std::string to = store.datastores->renamed_to(reference); !to.empty())
      reference.name = to;
  ShownDatastore shown{.name = reference.name, .whole = !reference.names_version()};
  if (shown.whole) {
    shown.versions = readable_versions(*store.datastores, reference.name, shown.unreadable);
    shown.creates =
        of_datastore(of_store(find_incomplete_creates(settings), store), reference.name);
  }
  // For one version, or for an unknown datastore, where the error of resolve() says more than an
  // empty list.
  if (shown.versions.empty() && shown.creates.empty() && shown.unreadable.empty())
    shown.versions = {store.datastores->resolve(reference)};
  shown.description = readable_description(store, reference.name, shown.unreadable);
  TagList tags = readable_tags(store, reference.name);
  std::move(tags.unreadable.begin(), tags.unreadable.end(), std::back_inserter(shown.unreadable));
  std::optional<dataset::VersionNumber> number;
  if (!shown.whole) {
    number = shown.versions[0].record.number;
    shown.drift = store.drift->find(shown.versions[0].record.root);
  }
  for (dataset::Tag& tag : tags.tags)
    if (!number || tag.version == *number) shown.tags.push_back(std::move(tag));
  shown.users = find_users(settings, store, reference.name, number);
  shown.runs = find_runs_using(settings, store, reference.name, number);
  return shown;
}

void write_document(JsonWriter& json, const ShownDatastore& shown) {
  json.begin_object().member("name", shown.name).member("description", shown.description);
  json.key("versions").begin_array();
  for (const dataset::Version& version : shown.versions) {
    json.begin_object();
    write_version_members(json, shown.name, version);
    json.end_object();
  }
  json.end_array();
  write_tags_member(json, shown.tags);
  json.key("drift").begin_object().member("compared", shown.drift.compared);
  json.key("files").begin_array();
  for (const auto& [path, reason] : shown.drift.reasons)
    json.begin_object().name_member("path", path).member("reason", reason).end_object();
  json.end_array().end_object();
  json.key("used_by").begin_array();
  for (const run::Attachment& user : shown.users) {
    json.begin_object().member("kind", run::name_of(user.kind)).name_member("label", user.label);
    json.member("pid", user.pid).key("versions").begin_array();
    for (const run::UsedVersion& used : user.versions)
      if (used.name == shown.name) json.value(used.version);
    json.end_array().end_object();
  }
  json.end_array().key("incomplete");
  write_incomplete_array(json, shown.creates);
  json.key("runs").begin_array();
  for (const ObservedRun& run : shown.runs) {
    json.begin_object().member("name", run.record.name);
    json.member("status", run::name_of(run.state)).key("versions").begin_array();
    for (const run::RunVersion& version : run.record.versions)
      if (version.name == shown.name) json.value(version.version);
    json.end_array().end_object();
  }
  json.end_array();
  write_damages(json, "unreadable", shown.unreadable);
  json.end_object();
}

}  // namespace grid::service
