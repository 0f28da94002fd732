#include "dataset/overview.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <future>
#include <map>

#include "backend/outage.h"
#include "base/error.h"
#include "base/thread_pool.h"
#include "dataset/datastore_keys.h"
#include "dataset/stored_total.h"

namespace grid::dataset {

namespace {

constexpr unsigned overview_requests_max = 32;  // in flight

void add(DatastoreOverview& overview, Version version) {
  const bool ready = version.state == VersionState::ready;
  if (ready) ++overview.ready, overview.stored_bytes += version.record.stored_bytes;
  if (ready || overview.ready == 0) overview.newest = std::move(version);
}

// The others can be shown, unless the server is out of reach.
void leave_out(DatastoreOverview& overview, const backend::Backend& backend, VersionNumber number,
               const Error& error) {
  if (is_outage(backend, error)) throw error;
  overview.unreadable.push_back({number, error.what(), error.kind()});
}

void take_description(DatastoreOverview& overview, const backend::Backend& backend,
                      const std::function<std::string()>& read) {
  try {
    overview.description = read();
  } catch (const Error& error) {
    leave_out(overview, backend, 0, error.within("its description"));
  }
}

// One datastore of a server, while what is needed of it arrives.
class Arriving {
 public:
  Arriving(const std::string& name, const DatastoreKeys& keys, const Datastores& datastores,
           const backend::Backend& backend, ThreadPool& pool)
      : name_(name),
        keys_(keys),
        datastores_(datastores),
        backend_(backend),
        pool_(pool),
        ready_(keys.without_tombstone()) {
    overview_.name = name;
    description_ =
        pool_.submit([this] { return datastores_.description(name_, keys_.descriptions); });
    ask_for(wanted());
  }

  // Waits for what was asked for, and asks for what that shows to be needed; false if it is all.
  bool advance() {
    for (auto& [number, coming] : coming_) take(number, coming);
    coming_.clear();
    ask_for(wanted());
    return !coming_.empty();
  }

  DatastoreOverview finish() {
    take_description(overview_, backend_, [this] { return description_.get(); });
    for (const VersionNumber number : ready_) {
      const auto at = known_.find(number);
      if (at != known_.end() && !at->second) continue;  // it is not readable
      ++overview_.ready;
      if (at != known_.end()) overview_.newest = Version{.record = *at->second};
    }
    overview_.stored_bytes = stored_total(ready_, known_).bytes;
    if (overview_.ready == 0) show_deleted();
    return std::move(overview_);
  }

 private:
  std::vector<VersionNumber> wanted() const {
    std::vector<VersionNumber> unread;
    for (const store::AdvanceTombstone& advance : keys_.in_advance)
      if (is_among(keys_.versions, advance.version) && !known_.contains(advance.version))
        unread.push_back(advance.version);
    if (unread.empty()) unread = stored_total(ready_, known_).unread;
    if (unread.empty() && ready_.empty() && !keys_.versions.empty() &&
        !known_.contains(keys_.versions.back()))
      unread.push_back(keys_.versions.back());
    return unread;
  }

  void ask_for(const std::vector<VersionNumber>& numbers) {
    for (const VersionNumber number : numbers)
      coming_[number] =
          pool_.submit([this, number] { return datastores_.find_record(name_, number); });
  }

  void take(VersionNumber number, std::future<std::optional<Bytes>>& coming) {
    std::optional<VersionRecord>& known = known_[number];
    try {
      const std::optional<Bytes> object = coming.get();
      if (!object) return;
      known = decode_version_record(*object, name_, number);
      for (const store::AdvanceTombstone& advance : keys_.in_advance)
        if (advance.version == number && digest_of(*object) == advance.record)
          std::erase(ready_, number);
    } catch (const Error& error) {
      if (is_among(ready_, number) || ready_.empty()) leave_out(overview_, backend_, number, error);
    }
  }

  void show_deleted() {
    if (keys_.versions.empty()) return;
    const auto last = known_.find(keys_.versions.back());
    if (last != known_.end() && last->second)
      overview_.newest = Version{.record = *last->second, .state = VersionState::deleted};
  }

  const std::string& name_;
  const DatastoreKeys& keys_;
  const Datastores& datastores_;
  const backend::Backend& backend_;
  ThreadPool& pool_;
  // Ascending; those that a tombstone in advance deletes are taken out when they are read.
  std::vector<VersionNumber> ready_;
  DatastoreOverview overview_;
  KnownRecords known_;
  std::map<VersionNumber, std::future<std::optional<Bytes>>> coming_;
  std::future<std::string> description_;
};

std::vector<DatastoreOverview> overview_of_server(const Datastores& datastores,
                                                  const backend::Backend& backend) {
  const std::map<std::string, DatastoreKeys> all = list_all_datastore_keys(backend);
  std::deque<Arriving> arriving;  // before the pool, whose threads use it
  ThreadPool pool(overview_requests_max);
  for (const auto& [name, keys] : all) arriving.emplace_back(name, keys, datastores, backend, pool);
  for (bool more = true; more;) {
    more = false;
    for (Arriving& one : arriving) more = one.advance() || more;
  }
  std::vector<DatastoreOverview> found;
  for (Arriving& one : arriving) found.push_back(one.finish());
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
