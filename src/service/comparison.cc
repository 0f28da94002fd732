#include "service/comparison.h"

#include "dataset/reference.h"
#include "service/folder_changes.h"

namespace grid::service {

using tree::Change;
using tree::ChangeKind;

void Comparison::Totals::add(const Change& change) {
  old_size += change.old_size;
  new_size += change.new_size;
  switch (change.kind) {
    case ChangeKind::added:
      ++added;
      break;
    case ChangeKind::removed:
      ++removed;
      break;
    case ChangeKind::changed:
      ++changed;
      break;
    case ChangeKind::renamed:
      ++renamed;
      break;
  }
}

Comparison compare_versions(const dataset::OpenStore& store, const dataset::Reference& older,
                            const dataset::Reference& newer,
                            const std::vector<std::string>& paths) {
  std::vector<std::string> wanted = paths;
  for (std::string& path : wanted)
    while (path.ends_with('/')) path.pop_back();
  const dataset::VersionRecord one = store.datastores->resolve(older).record;
  const dataset::VersionRecord other = store.datastores->resolve(newer).record;
  Comparison comparison{
      .older = dataset::spell(older.name, one.number),
      .newer = dataset::spell(newer.name, other.number),
      .changes = changes_below(tree::diff(store.manifest(one), store.manifest(other)), wanted)};
  for (const Change& change : comparison.changes) comparison.totals.add(change);
  comparison.without_content = (one.totals.files_in_place > 0) != (other.totals.files_in_place > 0);
  return comparison;
}

void write_change(JsonWriter& json, const Change& change) {
  json.begin_object().member("change", tree::name_of(change.kind));
  json.name_member("path", change.path);
  if (change.kind == ChangeKind::renamed) json.name_member("old_path", change.old_path);
  json.member("kind", tree::name_of(change.entry_kind));
  json.member("old_size", change.old_size).member("new_size", change.new_size);
  json.member("content_changed", change.content_changed).end_object();
}

void write_totals(JsonWriter& json, const Comparison::Totals& totals) {
  json.begin_object().member("added", totals.added).member("removed", totals.removed);
  json.member("changed", totals.changed).member("renamed", totals.renamed).end_object();
}

void write_document(JsonWriter& json, const Comparison& comparison) {
  json.begin_object().member("older", comparison.older).member("newer", comparison.newer);
  json.key("changes").begin_array();
  for (const Change& change : comparison.changes) write_change(json, change);
  json.end_array().key("totals");
  write_totals(json, comparison.totals);
  json.end_object();
}

}  // namespace grid::service
