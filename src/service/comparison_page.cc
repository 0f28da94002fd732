#include "service/comparison_page.h"

#include <algorithm>

#include "base/text.h"
#include "dataset/reference.h"

namespace grid::service {

using tree::Change;
using tree::ChangeKind;

std::optional<ChangeKind> find_change_kind(std::string_view name) {
  for (const ChangeKind kind :
       {ChangeKind::added, ChangeKind::removed, ChangeKind::changed, ChangeKind::renamed})
    if (tree::name_of(kind) == name) return kind;
  return std::nullopt;
}

std::shared_ptr<const Comparison> Comparisons::compare(const dataset::OpenStore& store,
                                                       const dataset::Reference& older,
                                                       const dataset::Reference& newer) {
  const dataset::VersionRecord one = store.datastores->resolve(older).record;
  const dataset::VersionRecord other = store.datastores->resolve(newer).record;
  const std::string key = fmt::format("{}:{} {} {}:{} {}", older.name, one.number, one.root.hex(),
                                      newer.name, other.number, other.root.hex());
  {
    std::lock_guard lock(mutex_);
    if (const auto* known = known_.find(key)) return *known;
  }
  auto comparison = std::make_shared<const Comparison>(
      compare_versions(store, {.name = older.name, .version = one.number},
                       {.name = newer.name, .version = other.number}));
  std::size_t size = sizeof(Comparison);
  for (const Change& change : comparison->changes)
    size += sizeof(Change) + change.path.capacity() + change.old_path.capacity();
  std::lock_guard lock(mutex_);
  return known_.add(key, std::move(comparison), size);
}

ComparisonPage page_of(std::shared_ptr<const Comparison> comparison, std::optional<ChangeKind> kind,
                       std::uint64_t offset, std::uint64_t count) {
  ComparisonPage page{.of = std::move(comparison), .offset = offset};
  for (const Change& change : page.of->changes) {
    if (kind && change.kind != *kind) continue;
    if (page.total >= offset && page.changes.size() < count) page.changes.push_back(&change);
    ++page.total;
  }
  return page;
}

ComparedFolder folder_of(std::shared_ptr<const Comparison> comparison, std::string path,
                         std::uint64_t offset, std::uint64_t count) {
  ComparedFolder folder{.of = std::move(comparison), .path = std::move(path), .offset = offset};
  const std::string inside = folder.path.empty() ? "" : folder.path + "/";
  for (const Change& change : folder.of->changes) {
    if (!change.path.starts_with(inside)) continue;
    folder.totals.add(change);
    const std::size_t slash = change.path.find('/', inside.size());
    if (slash != change.path.npos) {
      folder.folders[change.path.substr(0, slash)].add(change);
      continue;
    }
    if (folder.total >= offset && folder.changes.size() < count) folder.changes.push_back(&change);
    ++folder.total;
  }
  return folder;
}

// The members `totals`, `old_size` and `new_size`.
static void write_sums(JsonWriter& json, const Comparison::Totals& totals) {
  json.key("totals");
  write_totals(json, totals);
  json.member("old_size", totals.old_size).member("new_size", totals.new_size);
}

static void write_changes(JsonWriter& json, const std::vector<const Change*>& changes) {
  json.key("changes").begin_array();
  for (const Change* change : changes) write_change(json, *change);
  json.end_array();
}

void write_document(JsonWriter& json, const ComparisonPage& page) {
  json.begin_object().member("older", page.of->older).member("newer", page.of->newer);
  json.member("offset", page.offset).member("total", page.total);
  write_changes(json, page.changes);
  write_sums(json, page.of->totals);
  json.end_object();
}

void write_document(JsonWriter& json, const ComparedFolder& folder) {
  json.begin_object().member("older", folder.of->older).member("newer", folder.of->newer);
  json.name_member("path", folder.path);
  write_sums(json, folder.totals);
  json.key("folders").begin_array();
  for (const auto& [path, totals] : folder.folders) {
    json.begin_object().name_member("path", path);
    write_sums(json, totals);
    json.end_object();
  }
  json.end_array().member("offset", folder.offset).member("total", folder.total);
  write_changes(json, folder.changes);
  json.end_object();
}

}  // namespace grid::service
