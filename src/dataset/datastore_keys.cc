#include "dataset/datastore_keys.h"

#include <algorithm>
#include <iterator>

#include "base/text.h"

namespace grid::dataset {

std::optional<VersionNumber> number_taken_by(std::string_view name) {
  return store::parse_number(name.substr(0, name.find_first_of("/-")));
}

bool is_among(const std::vector<VersionNumber>& ascending, VersionNumber number) {
  return std::binary_search(ascending.begin(), ascending.end(), number);
}

std::vector<VersionNumber> DatastoreKeys::without_tombstone() const {
  std::vector<VersionNumber> numbers;
  std::set_difference(versions.begin(), versions.end(), tombstones.begin(), tombstones.end(),
                      std::back_inserter(numbers));
  return numbers;
}

static void add_version(DatastoreKeys& keys, std::string_view name) {
  keys.highest_taken = std::max(keys.highest_taken, number_taken_by(name).value_or(0));
  if (const auto number = store::parse_number(name)) keys.versions.push_back(*number);
}

static void add_tombstone(DatastoreKeys& keys, std::string_view name) {
  keys.highest_taken = std::max(keys.highest_taken, number_taken_by(name).value_or(0));
  if (const auto turn = store::parse_tombstone(name)) {
    if (turn->again == 0) return keys.tombstones.push_back(turn->version);
    std::uint32_t& again = keys.deleted_again[turn->version];
    again = std::max(again, turn->again);
  } else if (const auto advance = store::parse_advance_tombstone(name)) {
    keys.in_advance.push_back(*advance);
  }
}

static void add_restoration(DatastoreKeys& keys, std::string_view name) {
  if (const auto turn = store::parse_restoration(name)) {
    std::uint32_t& again = keys.restored[turn->version];
    again = std::max(again, turn->again);
  }
}

static void add_description(DatastoreKeys& keys, std::string_view name) {
  if (const auto number = store::parse_number(name)) keys.descriptions.push_back(*number);
}

static void add_retention(DatastoreKeys& keys, std::string_view name) {
  keys.retention = std::max(keys.retention, store::parse_number(name).value_or(0));
}

static void add_tag(DatastoreKeys& keys, std::string_view key) {
  const std::optional<store::RecordKey> record = store::parse_record_key(key);
  if (!record || record->kind != store::RecordKind::tag || !is_tag(record->tag)) return;
  VersionNumber& number = keys.tags[record->tag];
  number = std::max(number, record->number);
}

// Takes an object at any depth below the datastore's keys. A name is what lies right below a
// folder: "3", or "3/" for what is deeper.
static void add_key(DatastoreKeys& keys, std::string_view datastore, std::string_view key) {
  using Add = void (*)(DatastoreKeys&, std::string_view);
  const auto add_below = [&](const std::string& prefix, Add add) {
    if (!key.starts_with(prefix)) return;
    const std::string_view below = key.substr(prefix.size());
    add(keys, below.substr(0, std::min(below.find('/'), below.size() - 1) + 1));
  };
  add_below(store::versions_prefix(datastore), add_version);
  add_below(store::tombstones_prefix(datastore), add_tombstone);
  add_below(store::restorations_prefix(datastore), add_restoration);
  add_below(store::descriptions_prefix(datastore), add_description);
  add_below(store::retentions_prefix(datastore), add_retention);
  add_tag(keys, key);
}

static void finish(DatastoreKeys& keys) {
  std::erase_if(keys.tombstones, [&](VersionNumber number) {
    const auto restored = keys.restored.find(number);
    if (restored == keys.restored.end()) return false;
    const auto again = keys.deleted_again.find(number);
    return again == keys.deleted_again.end() || again->second < restored->second;
  });
  for (auto* numbers : {&keys.versions, &keys.tombstones, &keys.descriptions})
    std::sort(numbers->begin(), numbers->end());
}

DatastoreKeys list_datastore_keys(const backend::Backend& backend, std::string_view name) {
  DatastoreKeys keys;
  if (backend.remote()) {
    for (const backend::ObjectEntry& object : backend.list_below(store::datastore_prefix(name)))
      add_key(keys, name, object.key);
  } else {
    // What lies deeper is of no interest, and not looked at. A tombstone in advance is older than
    // the record that it is for, so whoever has seen that sees it.
    for (const std::string& version : backend.list_names(store::versions_prefix(name)))
      add_version(keys, version);
    for (const std::string& tombstone : backend.list_names(store::tombstones_prefix(name)))
      add_tombstone(keys, tombstone);
    // Listed last: who sees a restoration has seen the tombstone before it.
    if (!keys.tombstones.empty())
      for (const std::string& restoration : backend.list_names(store::restorations_prefix(name)))
        add_restoration(keys, restoration);
  }
  finish(keys);
  return keys;
}

std::map<std::string, DatastoreKeys> list_all_datastore_keys(const backend::Backend& backend) {
  std::map<std::string, DatastoreKeys> found;
  for (const backend::ObjectEntry& object : backend.list_below(store::datastores_prefix())) {
    std::string_view below = object.key;
    below.remove_prefix(std::min(store::datastores_prefix().size(), below.size()));
    const std::string name(take_until(below, '/'));
    if (is_datastore_name(name) && !below.empty()) add_key(found[name], name, object.key);
  }
  for (auto& [name, keys] : found) finish(keys);
  return found;
}

}  // namespace grid::dataset
