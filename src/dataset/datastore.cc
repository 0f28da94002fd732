#include "dataset/datastore.h"

#include <algorithm>
#include <future>

#include "backend/outage.h"
#include "base/error.h"
#include "base/thread_pool.h"
#include "dataset/numbered_objects.h"
#include "dataset/publish.h"
#include "dataset/tags.h"
#include "store/layout.h"

namespace grid::dataset {

std::string_view name_of(VersionState state) {
  return state == VersionState::ready ? "ready" : "deleted";
}

Datastores::Datastores(std::shared_ptr<backend::Backend> backend,
                       std::chrono::milliseconds pause_first)
    : backend_(std::move(backend)), pause_first_(pause_first) {}

bool Datastores::is_record(std::string_view name, const store::AdvanceTombstone& advance) const {
  const std::optional<Bytes> record = find_record(name, advance.version);
  return record && digest_of(*record) == advance.record;
}

std::vector<VersionNumber> Datastores::deleted_numbers(std::string_view name,
                                                       const DatastoreKeys& listed) const {
  std::vector<VersionNumber> deleted = listed.tombstones;
  for (const store::AdvanceTombstone& advance : listed.in_advance)
    // Only after an adopt() that was killed: then this costs reading a record.
    if (!is_among(listed.tombstones, advance.version) &&
        is_among(listed.versions, advance.version) && is_record(name, advance))
      deleted.push_back(advance.version);
  std::sort(deleted.begin(), deleted.end());
  deleted.erase(std::unique(deleted.begin(), deleted.end()), deleted.end());
  return deleted;
}

std::vector<VersionNumber> Datastores::deleted_numbers(std::string_view name) const {
  return deleted_numbers(name, list_datastore_keys(*backend_, name));
}

std::vector<std::string> Datastores::names() const {
  std::vector<std::string> names;
  for (std::string& name : backend_->list_names(store::datastores_prefix())) {
    if (!name.ends_with('/')) continue;
    name.pop_back();
    if (is_datastore_name(name)) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<VersionNumber> Datastores::ready_numbers(std::string_view name,
                                                     const DatastoreKeys& listed) const {
  const std::vector<VersionNumber> deleted = deleted_numbers(name, listed);
  std::vector<VersionNumber> ready;
  std::set_difference(listed.versions.begin(), listed.versions.end(), deleted.begin(),
                      deleted.end(), std::back_inserter(ready));
  return ready;
}

std::vector<VersionNumber> Datastores::ready_numbers(std::string_view name) const {
  return ready_numbers(name, list_datastore_keys(*backend_, name));
}

std::optional<Tombstone> Datastores::find_tombstone(std::string_view name,
                                                    VersionNumber number) const {
  std::optional<Bytes> object = backend_->find(store::tombstone_key(name, number));
  if (!object) return std::nullopt;
  std::uint32_t restored = 0;
  for (const std::string& restoration : backend_->list_names(store::restorations_prefix(name)))
    if (const auto turn = store::parse_restoration(restoration); turn && turn->version == number)
      restored = std::max(restored, turn->again);
  if (restored > 0) object = backend_->find(store::tombstone_key(name, number, restored));
  if (!object) return std::nullopt;
  try {
    return decode_tombstone(*object, name, number);
  } catch (const Error&) {  // it means deleted whatever it holds, and verify names it
    return Tombstone{};
  }
}

static void note_deletion(Version& version, const Tombstone& tombstone) {
  version.state = VersionState::deleted;
  version.moved_to = tombstone.moved_to;
  version.until = tombstone.until;
  version.renamed_to = tombstone.renamed_to;
}

std::optional<Version> Datastores::find(std::string_view name, VersionNumber number) const {
  std::optional<Bytes> object = backend_->find(store::version_key(name, number));
  if (!object) return std::nullopt;
  Version version{.record = decode_version_record(*object, name, number)};
  if (const std::optional<Tombstone> tombstone = find_tombstone(name, number))
    note_deletion(version, *tombstone);
  return version;
}

std::optional<Version> Datastores::find_listed(std::string_view name, VersionNumber number,
                                               const DatastoreKeys& listed,
                                               const std::vector<VersionNumber>& deleted) const {
  const std::optional<Bytes> object = find_record(name, number);
  if (!object) return std::nullopt;
  Version version{.record = decode_version_record(*object, name, number)};
  if (is_among(deleted, number)) version.state = VersionState::deleted;
  if (is_among(listed.tombstones, number))
    note_deletion(version, find_tombstone(name, number).value_or(Tombstone{}));
  return version;
}

// A server is asked for many records at once, since each answer takes a round trip.
static constexpr unsigned records_in_flight_max = 32;

std::vector<Version> Datastores::find_all(std::string_view name,
                                          const std::vector<VersionNumber>& numbers,
                                          const DatastoreKeys& listed,
                                          const std::vector<VersionNumber>& deleted,
                                          std::vector<UnreadableVersion>* unreadable) const {
  std::optional<ThreadPool> pool;
  if (backend_->remote()) pool.emplace(records_in_flight_max);
  std::vector<std::future<std::optional<Version>>> coming;
  for (const VersionNumber number : numbers) {
    const auto find = [&, number] { return find_listed(name, number, listed, deleted); };
    coming.push_back(pool ? pool->submit(find) : std::async(std::launch::deferred, find));
  }
  std::vector<Version> versions;
  for (std::size_t i = 0; i < coming.size(); ++i) {
    try {
      if (std::optional<Version> version = coming[i].get()) versions.push_back(std::move(*version));
    } catch (const Error& error) {  // the others can be shown
      if (unreadable == nullptr || is_outage(*backend_, error)) throw;
      unreadable->push_back({numbers[i], error.what(), error.kind()});
    }
  }
  return versions;
}

std::vector<Version> Datastores::versions(std::string_view name,
                                          std::vector<UnreadableVersion>* unreadable) const {
  const DatastoreKeys listed = list_datastore_keys(*backend_, name);
  return find_all(name, listed.versions, listed, deleted_numbers(name, listed), unreadable);
}

std::vector<Version> Datastores::ready_versions(std::string_view name, const DatastoreKeys& listed,
                                                std::vector<UnreadableVersion>* unreadable) const {
  return find_all(name, ready_numbers(name, listed), listed, {}, unreadable);
}

std::optional<Version> Datastores::find_newest_sound(
    std::string_view name, const DatastoreKeys& listed,
    std::vector<UnreadableVersion>& damaged) const {
  const std::vector<VersionNumber> ready = ready_numbers(name, listed);
  for (auto number = ready.rbegin(); number != ready.rend(); ++number) {
    try {
      if (std::optional<Version> version = find_listed(name, *number, listed, {})) return version;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::corrupt) throw;
      damaged.push_back({*number, error.what()});
    }
  }
  return std::nullopt;
}

std::optional<Version> Datastores::find_newest(std::string_view name,
                                               const DatastoreKeys& listed) const {
  const std::vector<VersionNumber> ready = ready_numbers(name, listed);
  if (ready.empty()) return std::nullopt;
  return find_listed(name, ready.back(), listed, {});
}

std::optional<Version> Datastores::find_newest(std::string_view name) const {
  return find_newest(name, list_datastore_keys(*backend_, name));
}

static std::string joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string Datastores::moved_to(std::string_view name, VersionNumber number) const {
  return find_tombstone(name, number).value_or(Tombstone{}).moved_to;
}

// Throws the error that says why a reference means no ready version.
[[noreturn]] static void refuse(const Datastores& datastores, const backend::Backend& backend,
                                const Reference& reference) {
  std::vector<std::string> names = datastores.names();
  const DatastoreKeys listed = list_datastore_keys(backend, reference.name);
  const std::vector<VersionNumber>& published = listed.versions;
  // A folder without versions, as anyone can make in a local store, is no datastore.
  if (!std::binary_search(names.begin(), names.end(), reference.name) ||
      (published.empty() && listed.tombstones.empty())) {
    std::vector<std::string> nearest = nearest_names(reference.name, names);
    std::erase_if(nearest, [&](const std::string& name) {
      return name == reference.name || datastores.published_numbers(name).empty();
    });
    std::string hint = !nearest.empty() ? "; did you mean " + joined(nearest) + "?"
                       : names.empty()  ? "; the store is empty"
                                        : "; see grid datastore list";
    fail(ErrorKind::not_found, "no datastore {} in {}{}", reference.name, backend.name(), hint);
  }
  std::vector<VersionNumber> ready = datastores.ready_numbers(reference.name);
  std::string having = ready.empty() ? fmt::format("{} has no versions left", reference.name)
                       : ready.size() <= 8
                           ? fmt::format("{} has {}", reference.name, fmt::join(ready, ", "))
                           : fmt::format("{} has {} versions from {} to {}", reference.name,
                                         ready.size(), ready.front(), ready.back());
  const VersionNumber meant = reference.version   ? *reference.version
                              : published.empty() ? 0
                                                  : published.back();
  const bool exists = std::binary_search(published.begin(), published.end(), meant);
  if (exists) {
    const Tombstone gone = datastores.find_tombstone(reference.name, meant).value_or(Tombstone{});
    if (!gone.moved_to.empty())
      fail(ErrorKind::not_found, "{} was moved: it is in the store {} now", reference.text(),
           gone.moved_to);
    if (!gone.renamed_to.empty())
      fail(ErrorKind::not_found, "{} was renamed: it is {} now", reference.text(),
           reference.version ? spell(gone.renamed_to, *reference.version) : gone.renamed_to);
  }
  if (!reference.version)
    fail(ErrorKind::not_found, "all versions of {} are deleted", reference.name);
  fail(ErrorKind::not_found, "{}:{} {}; {}", reference.name, *reference.version,
       exists ? "is deleted" : "does not exist", having);
}

// More names than anybody gives to one datastore.
static constexpr unsigned renames_max = 64;

std::string Datastores::next_name(const Reference& reference, unsigned renames_left) const {
  std::string name = renamed_to(reference);
  if (!name.empty() && renames_left == 0)
    fail(ErrorKind::corrupt, "{} was renamed to {}, which leads on without an end",
         reference.text(), name);
  return name;
}

Reference Datastores::follow_tag(const Reference& reference, unsigned renames_left) const {
  const std::optional<Tag> tag = find_tag(*backend_, reference.name, reference.tag);
  if (tag) return {.name = reference.name, .version = tag->version};
  if (ready_numbers(reference.name).empty()) {
    if (const std::string name = next_name({.name = reference.name}, renames_left); !name.empty())
      return follow_tag({.name = name, .tag = reference.tag}, renames_left - 1);
    refuse(*this, *backend_, {.name = reference.name});
  }
  std::vector<UnreadableTag> unreadable;
  std::vector<std::string> names;
  for (const Tag& known : list_tags(*backend_, reference.name, &unreadable))
    names.push_back(known.name);
  const std::string having = names.empty()      ? "; it has no tags"
                             : names.size() > 8 ? did_you_mean(reference.tag, names)
                                                : "; it has " + joined(names);
  fail(ErrorKind::not_found, "{} has no tag {}{}", reference.name, reference.tag, having);
}

template <class Resolve>
auto Datastores::resolve_tag(const Reference& reference, const Resolve& resolve) const {
  const Reference meant = follow_tag(reference, renames_max);
  try {
    return resolve(meant);
  } catch (const Error& error) {  // say whose version it is
    throw error.within(reference.text());
  }
}

VersionNumber Datastores::resolve_number(const Reference& reference) const {
  if (!reference.tag.empty())
    return resolve_tag(reference, [&](const Reference& meant) { return resolve_number(meant); });
  const std::vector<VersionNumber> ready = ready_numbers(reference.name);
  if (ready.empty() || (reference.version && !is_among(ready, *reference.version)))
    refuse(*this, *backend_, reference);
  return reference.version.value_or(ready.back());
}

// The error of a damaged record, for someone who has not named the version.
static Error with_way_out(const Error& error, std::string_view name,
                          const std::vector<VersionNumber>& ready) {
  const VersionNumber newest = ready.back();
  std::string way_out = fmt::format(
      "{}; {}:{} is the newest version of {}: make a new one, or delete it (grid datastore delete "
      "{}:{})",
      error.what(), name, newest, name, name, newest);
  if (ready.size() > 1)
    way_out += fmt::format(", or name one before it, as in {}:{}", name, ready[ready.size() - 2]);
  return Error(error.kind(), way_out);
}

std::string Datastores::renamed_to(const Reference& reference) const {
  std::optional<VersionNumber> number = reference.version;
  if (!number) {
    const std::vector<VersionNumber> published = published_numbers(reference.name);
    if (published.empty()) return {};
    number = published.back();
  }
  return find_tombstone(reference.name, *number).value_or(Tombstone{}).renamed_to;
}

Version Datastores::resolve(const Reference& reference) const {
  return resolve(reference, renames_max);
}

Version Datastores::resolve(const Reference& reference, unsigned renames_left) const {
  if (!reference.tag.empty())
    return resolve_tag(reference, [&](const Reference& meant) { return resolve(meant); });
  std::optional<DatastoreKeys> listed;
  std::vector<VersionNumber> ready;
  if (!reference.version) {
    listed = list_datastore_keys(*backend_, reference.name);
    ready = ready_numbers(reference.name, *listed);
  }
  std::optional<Version> version;
  try {
    if (reference.version)
      version = find(reference.name, *reference.version);
    else if (!ready.empty())
      version = find_listed(reference.name, ready.back(), *listed, {});
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt || ready.empty()) throw;
    throw with_way_out(error, reference.name, ready);
  }
  if (version && version->state == VersionState::ready) return std::move(*version);
  if (const std::string to = next_name(reference, renames_left); !to.empty())
    return resolve({.name = to, .version = reference.version}, renames_left - 1);
  refuse(*this, *backend_, reference);
}

VersionRecord Datastores::publish(std::string_view name, VersionRecord record) {
  check_datastore_name(name);
  return publish(name, std::move(record), list_datastore_keys(*backend_, name));
}

VersionRecord Datastores::publish(std::string_view name, VersionRecord record,
                                  const DatastoreKeys& listed, store::Lease* lease,
                                  std::optional<VersionNumber> same_serves_above) {
  check_datastore_name(name);
  record.datastore = name;
  return dataset::publish(*backend_, std::move(record),
                          {.highest_taken = listed.highest_taken,
                           .deleted = listed.tombstones,
                           .pause_first = pause_first_,
                           .same_serves_above = same_serves_above,
                           .lease = lease});
}

// How often a version was taken back.
static std::uint32_t times_restored(const DatastoreKeys& listed, VersionNumber number) {
  const auto found = listed.restored.find(number);
  return found == listed.restored.end() ? 0 : found->second;
}

void Datastores::remove(std::string_view name, VersionNumber number, const Tombstone& tombstone) {
  const DatastoreKeys listed = list_datastore_keys(*backend_, name);
  if (!is_among(ready_numbers(name, listed), number))
    refuse(*this, *backend_, {.name = std::string(name), .version = number});
  backend_->create(store::tombstone_key(name, number, times_restored(listed, number)),
                   as_bytes(encode_tombstone(name, number, tombstone)));
}

void Datastores::restore(std::string_view name, VersionNumber number, store::Lease& lease,
                         Restorable which) {
  const DatastoreKeys listed = list_datastore_keys(*backend_, name);
  if (is_among(ready_numbers(name, listed), number))
    fail(ErrorKind::already_exists, "{}:{} is not deleted", name, number);
  const Tombstone gone = find_tombstone(name, number).value_or(Tombstone{});
  if (!is_among(listed.versions, number) ||
      (which == Restorable::deleted && !(gone.moved_to.empty() && gone.renamed_to.empty())))
    refuse(*this, *backend_, {.name = std::string(name), .version = number});
  const std::uint32_t again = times_restored(listed, number) + 1;
  const std::string key = store::restoration_key(name, number, again);
  const std::string object = encode_restoration(name, number, again);
  lease.announce(key, object);
  backend_->create(key, as_bytes(object));  // or another has taken it back just now
  lease.settle();
}

std::vector<VersionNumber> Datastores::published_numbers(std::string_view name) const {
  return numbers_below(*backend_, store::versions_prefix(name));
}

std::optional<Bytes> Datastores::find_record(std::string_view name, VersionNumber number) const {
  return backend_->find(store::version_key(name, number));
}

// A deleted version has no chunks here, so it must never look ready; and its number may be taken at
// any moment by a create, whose version must never look deleted. The record decides who has the
// number, so a tombstone before it would hit the other's version, and one after it comes too late
// for a process that is killed in between. Therefore the tombstone goes ahead under a key of its
// own that names the record: it means nothing for any other.
bool Datastores::adopt(std::string_view name, VersionNumber number, BytesView record,
                       VersionState state, store::Lease* lease) {
  check_datastore_name(name);
  if (state == VersionState::ready) {
    const std::string key = store::version_key(name, number);
    if (lease != nullptr) lease->announce(key, as_text(record));
    const bool is_new = backend_->create(key, record);
    if (lease != nullptr) lease->settle();
    return is_new;
  }
  if (find_record(name, number)) return false;
  const std::string tombstone = encode_tombstone(name, number, {});
  backend_->create(store::advance_tombstone_key(name, number, digest_of(record)),
                   as_bytes(tombstone));
  if (!backend_->create(store::version_key(name, number), record)) return false;
  backend_->create(store::tombstone_key(name, number), as_bytes(tombstone));
  return true;
}

void Datastores::finish_adoptions(std::string_view name) {
  const DatastoreKeys found = list_datastore_keys(*backend_, name);
  for (const store::AdvanceTombstone& advance : found.in_advance)
    if (!is_among(found.tombstones, advance.version) && is_record(name, advance))
      backend_->create(store::tombstone_key(name, advance.version),
                       as_bytes(encode_tombstone(name, advance.version, {})));
}

std::string Datastores::description(std::string_view name) const {
  return description(name, numbers_below(*backend_, store::descriptions_prefix(name)));
}

std::string Datastores::description(std::string_view name,
                                    const std::vector<VersionNumber>& numbers) const {
  for (auto number = numbers.rbegin(); number != numbers.rend(); ++number) {
    const std::optional<Bytes> object = backend_->find(store::description_key(name, *number));
    try {
      if (object) return decode_description(*object, name, *number);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::corrupt) throw;  // verify names a damaged one
    }
  }
  return {};
}

void Datastores::describe(std::string_view name, std::string_view text) {
  resolve_number({.name = std::string(name)});
  create_next(*backend_, store::descriptions_prefix(name), fmt::format("a description of {}", name),
              [&](VersionNumber number) { return encode_description(name, number, text); });
}

}  // namespace grid::dataset
