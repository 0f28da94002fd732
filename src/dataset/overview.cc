#include "dataset/overview.h"

#include <algorithm>
#include <functional>
#include <future>
#include <iterator>
#include <map>

#include "base/error.h"
#include "base/text.h"
#include "base/thread_pool.h"
#include "store/layout.h"

namespace grid::dataset {

namespace {

constexpr unsigned overview_requests_max = 32;  // in flight

// What the keys of a datastore say.
struct DatastoreKeys {
  std::vector<VersionNumber> versions, deleted, descriptions;  // ascending
  std::vector<store::AdvanceTombstone> in_advance;
};

std::map<std::string, DatastoreKeys> keys_by_datastore(const backend::Backend& backend) {
  std::map<std::string, DatastoreKeys> found;
  for (const backend::ObjectEntry& object : backend.list_below(store::datastores_prefix())) {
    std::string_view below = object.key;
    below.remove_prefix(std::min(store::datastores_prefix().size(), below.size()));
    std::string name(take_until(below, '/'));
    if (!is_datastore_name(name) || below.empty()) continue;
    DatastoreKeys& keys = found[std::move(name)];
    const std::optional<store::RecordKey> key = store::parse_record_key(object.key);
    if (!key) continue;
    const std::string_view last = std::string_view(object.key).substr(object.key.rfind('/') + 1);
    if (key->kind == store::RecordKind::version)
      keys.versions.push_back(key->number);
    else if (key->kind == store::RecordKind::description)
      keys.descriptions.push_back(key->number);
    else if (const auto advance = store::parse_advance_tombstone(last))
      keys.in_advance.push_back(*advance);
    else
      keys.deleted.push_back(key->number);
  }
  for (auto& [name, keys] : found)
    for (auto* numbers : {&keys.versions, &keys.deleted, &keys.descriptions})
      std::sort(numbers->begin(), numbers->end());
  return found;
}

void add(DatastoreOverview& overview, Version version) {
  const bool ready = version.state == VersionState::ready;
  if (ready) ++overview.ready, overview.stored_bytes += version.record.stored_bytes;
  if (ready || overview.ready == 0) overview.newest = std::move(version);
}

std::optional<Version> find_version(const Datastores& datastores, const std::string& name,
                                    VersionNumber number, const DatastoreKeys& keys) {
  const std::optional<Bytes> object = datastores.find_record(name, number);
  if (!object) return std::nullopt;
  Version version{.record = decode_version_record(*object, name, number)};
  const bool deleted =
      std::binary_search(keys.deleted.begin(), keys.deleted.end(), number) ||
      std::any_of(keys.in_advance.begin(), keys.in_advance.end(), [&](const auto& advance) {
        return advance.version == number && digest_of(*object) == advance.record;
      });
  if (deleted) version.state = VersionState::deleted;
  return version;
}

// Those whose records say something that is shown: the ready ones, which all count as stored, or
// else the last. A tombstone in advance may leave none of them ready.
std::vector<VersionNumber> numbers_shown(const DatastoreKeys& keys) {
  std::vector<VersionNumber> numbers;
  std::set_difference(keys.versions.begin(), keys.versions.end(), keys.deleted.begin(),
                      keys.deleted.end(), std::back_inserter(numbers));
  if (keys.versions.empty() || (!numbers.empty() && numbers.back() == keys.versions.back()))
    return numbers;
  if (numbers.empty() || !keys.in_advance.empty()) numbers.push_back(keys.versions.back());
  return numbers;
}

// The others can be shown, unless the server is out of reach.
void leave_out(DatastoreOverview& overview, const backend::Backend& backend, VersionNumber number,
               const Error& error) {
  if (backend.remote() && error.kind() == ErrorKind::unavailable) throw error;
  overview.unreadable.push_back({number, error.what()});
}

void take_description(DatastoreOverview& overview, const backend::Backend& backend,
                      const std::function<std::string()>& read) {
  try {
    overview.description = read();
  } catch (const Error& error) {
    leave_out(overview, backend, 0, error.within("its description"));
  }
}

std::vector<DatastoreOverview> overview_of_server(const Datastores& datastores,
                                                  const backend::Backend& backend) {
  struct Coming {
    std::future<std::string> description;
    std::vector<std::future<std::optional<Version>>> versions;
  };
  const std::map<std::string, DatastoreKeys> all = keys_by_datastore(backend);
  std::vector<Coming> coming;
  ThreadPool pool(overview_requests_max);
  for (const auto& entry : all) {
    const std::string& name = entry.first;
    const DatastoreKeys& keys = entry.second;
    Coming& of_one = coming.emplace_back();
    of_one.description =
        pool.submit([&] { return datastores.description(name, keys.descriptions); });
    for (const VersionNumber number : numbers_shown(keys))
      of_one.versions.push_back(
          pool.submit([&, number] { return find_version(datastores, name, number, keys); }));
  }
  std::vector<DatastoreOverview> found;
  auto next = coming.begin();
  for (const auto& entry : all) {
    DatastoreOverview& one = found.emplace_back();
    one.name = entry.first;
    take_description(one, backend, [&] { return next->description.get(); });
    const std::vector<VersionNumber> numbers = numbers_shown(entry.second);
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      try {
        if (std::optional<Version> known = next->versions[i].get()) add(one, std::move(*known));
      } catch (const Error& error) {
        leave_out(one, backend, numbers[i], error);
      }
    }
    ++next;
  }
  return found;
}

DatastoreOverview overview_of_one(const Datastores& datastores, const backend::Backend& backend,
                                  const std::string& name) {
  DatastoreOverview one{.name = name};
  try {
    take_description(one, backend, [&] { return datastores.description(name); });
    for (Version& version : datastores.versions(name, &one.unreadable))
      add(one, std::move(version));
  } catch (const Error& error) {
    leave_out(one, backend, 0, error);
  }
  return one;
}

}  // namespace

std::vector<DatastoreOverview> overview(const Datastores& datastores,
                                        const backend::Backend& backend) {
  if (backend.remote()) try {
      return overview_of_server(datastores, backend);
    } catch (const Error& error) {
      // This node may have kept what the listings of single datastores said.
      if (error.kind() != ErrorKind::unavailable) throw;
    }
  std::vector<DatastoreOverview> found;
  for (const std::string& name : datastores.names())
    found.push_back(overview_of_one(datastores, backend, name));
  return found;
}

}  // namespace grid::dataset
