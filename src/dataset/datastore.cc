#include "dataset/datastore.h"

#include <algorithm>
#include <future>

#include "base/error.h"
#include "dataset/publish.h"
#include "store/layout.h"

namespace grid::dataset {

std::string_view name_of(VersionState state) {
  return state == VersionState::ready ? "ready" : "deleted";
}

Datastores::Datastores(std::shared_ptr<backend::Backend> backend,
                       std::chrono::milliseconds pause_first)
    : backend_(std::move(backend)), pause_first_(pause_first) {}

// The numbers that are keys below a prefix, ascending.
static std::vector<VersionNumber> numbers_below(const backend::Backend& backend,
                                                const std::string& prefix) {
  std::vector<VersionNumber> numbers;
  for (const std::string& name : backend.list_names(prefix))
    if (std::optional<std::uint32_t> number = store::parse_number(name)) numbers.push_back(*number);
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::optional<VersionNumber> number_taken_by(std::string_view name) {
  return store::parse_number(name.substr(0, name.find_first_of("/-")));
}

static VersionNumber highest_taken(const std::vector<std::string>& names) {
  VersionNumber highest = 0;
  for (const std::string& name : names)
    highest = std::max(highest, number_taken_by(name).value_or(0));
  return highest;
}

// A server is asked for several things at once, since each answer takes a round trip.
template <class Ask>
static auto ask_meanwhile(const backend::Backend& backend, Ask ask) {
  return std::async(
      backend.remote() ? std::launch::async | std::launch::deferred : std::launch::deferred,
      std::move(ask));
}

struct Datastores::Tombstones {
  std::vector<VersionNumber> numbers;  // ascending
  std::vector<store::AdvanceTombstone> in_advance;
  VersionNumber highest_taken = 0;
};

Datastores::Tombstones Datastores::tombstones(std::string_view name) const {
  const std::vector<std::string> keys = backend_->list_names(store::tombstones_prefix(name));
  Tombstones found{.numbers = {}, .in_advance = {}, .highest_taken = highest_taken(keys)};
  for (const std::string& key : keys) {
    if (std::optional<std::uint32_t> number = store::parse_number(key))
      found.numbers.push_back(*number);
    else if (std::optional<store::AdvanceTombstone> advance = store::parse_advance_tombstone(key))
      found.in_advance.push_back(*advance);
  }
  std::sort(found.numbers.begin(), found.numbers.end());
  return found;
}

static bool has(const std::vector<VersionNumber>& sorted, VersionNumber number) {
  return std::binary_search(sorted.begin(), sorted.end(), number);
}

bool Datastores::is_record(std::string_view name, const store::AdvanceTombstone& advance) const {
  const std::optional<Bytes> record = find_record(name, advance.version);
  return record && digest_of(*record) == advance.record;
}

std::vector<VersionNumber> Datastores::deleted_numbers(
    std::string_view name, const Tombstones& tombstones,
    const std::vector<VersionNumber>& published) const {
  std::vector<VersionNumber> deleted = tombstones.numbers;
  for (const store::AdvanceTombstone& advance : tombstones.in_advance)
    // Only after an adopt() that was killed: then this costs reading a record.
    if (!has(tombstones.numbers, advance.version) && has(published, advance.version) &&
        is_record(name, advance))
      deleted.push_back(advance.version);
  std::sort(deleted.begin(), deleted.end());
  deleted.erase(std::unique(deleted.begin(), deleted.end()), deleted.end());
  return deleted;
}

std::vector<VersionNumber> Datastores::deleted_numbers(std::string_view name) const {
  return deleted_numbers(name, tombstones(name), published_numbers(name));
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

std::vector<VersionNumber> Datastores::ready_numbers(std::string_view name) const {
  auto coming = ask_meanwhile(*backend_, [&] { return tombstones(name); });
  const std::vector<VersionNumber> published = published_numbers(name);
  const std::vector<VersionNumber> deleted = deleted_numbers(name, coming.get(), published);
  std::vector<VersionNumber> ready;
  std::set_difference(published.begin(), published.end(), deleted.begin(), deleted.end(),
                      std::back_inserter(ready));
  return ready;
}

// The store to which a version was moved, or "": whatever a tombstone holds, it means deleted.
static std::string moved_to(BytesView tombstone, std::string_view name, VersionNumber number) {
  try {
    return decode_tombstone(tombstone, name, number);
  } catch (const Error&) {  // verify names it
    return {};
  }
}

std::optional<Version> Datastores::find(std::string_view name, VersionNumber number) const {
  std::optional<Bytes> object = backend_->find(store::version_key(name, number));
  if (!object) return std::nullopt;
  Version version{.record = decode_version_record(*object, name, number)};
  if (std::optional<Bytes> tombstone = backend_->find(store::tombstone_key(name, number))) {
    version.state = VersionState::deleted;
    version.moved_to = moved_to(*tombstone, name, number);
  }
  return version;
}

std::optional<Version> Datastores::find_listed(std::string_view name, VersionNumber number,
                                               const Tombstones& tombstones,
                                               const std::vector<VersionNumber>& deleted) const {
  const std::optional<Bytes> object = find_record(name, number);
  if (!object) return std::nullopt;
  Version version{.record = decode_version_record(*object, name, number)};
  if (has(deleted, number)) version.state = VersionState::deleted;
  if (has(tombstones.numbers, number))
    if (std::optional<Bytes> tombstone = backend_->find(store::tombstone_key(name, number)))
      version.moved_to = moved_to(*tombstone, name, number);
  return version;
}

std::vector<Version> Datastores::versions(std::string_view name,
                                          std::vector<UnreadableVersion>* unreadable) const {
  auto coming = ask_meanwhile(*backend_, [&] { return tombstones(name); });
  const std::vector<VersionNumber> published = published_numbers(name);
  const Tombstones tombstones = coming.get();
  const std::vector<VersionNumber> deleted = deleted_numbers(name, tombstones, published);
  std::vector<Version> versions;
  for (VersionNumber number : published) {
    try {
      if (std::optional<Version> version = find_listed(name, number, tombstones, deleted))
        versions.push_back(std::move(*version));
    } catch (const Error& error) {  // the others can be shown
      const bool is_outage = backend_->remote() && error.kind() == ErrorKind::unavailable;
      if (unreadable == nullptr || is_outage) throw;
      unreadable->push_back({number, error.what()});
    }
  }
  return versions;
}

std::optional<Version> Datastores::find_newest(std::string_view name) const {
  std::vector<VersionNumber> ready = ready_numbers(name);
  if (ready.empty()) return std::nullopt;
  return find(name, ready.back());
}

static std::string joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

// Throws the error that says why a reference means no ready version.
[[noreturn]] static void refuse(const Datastores& datastores, const backend::Backend& backend,
                                const Reference& reference) {
  std::vector<std::string> names = datastores.names();
  const std::vector<VersionNumber> published = datastores.published_numbers(reference.name);
  // A folder without versions, as anyone can make in a local store, is no datastore.
  if (!std::binary_search(names.begin(), names.end(), reference.name) ||
      (published.empty() && datastores.deleted_numbers(reference.name).empty())) {
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
  std::optional<Version> meant;
  if (reference.version)
    meant = datastores.find(reference.name, *reference.version);
  else if (!published.empty())
    meant = datastores.find(reference.name, published.back());
  if (meant && !meant->moved_to.empty())
    fail(ErrorKind::not_found, "{} was moved: it is in the store {} now", reference.text(),
         meant->moved_to);
  if (!reference.version)
    fail(ErrorKind::not_found, "all versions of {} are deleted", reference.name);
  fail(ErrorKind::not_found, "{}:{} {}; {}", reference.name, *reference.version,
       meant ? "is deleted" : "does not exist", having);
}

Version Datastores::resolve(const Reference& reference) const {
  std::optional<Version> version =
      reference.version ? find(reference.name, *reference.version) : find_newest(reference.name);
  if (!version || version->state != VersionState::ready) refuse(*this, *backend_, reference);
  return std::move(*version);
}

VersionRecord Datastores::publish(std::string_view name, VersionRecord record) {
  check_datastore_name(name);
  auto coming = ask_meanwhile(*backend_, [&] { return tombstones(name); });
  const VersionNumber published = highest_taken(backend_->list_names(store::versions_prefix(name)));
  Tombstones found = coming.get();
  record.datastore = name;
  return dataset::publish(*backend_, std::move(record),
                          {.highest_taken = std::max(published, found.highest_taken),
                           .deleted = std::move(found.numbers),
                           .pause_first = pause_first_});
}

void Datastores::remove(std::string_view name, VersionNumber number, std::string_view moved_to) {
  resolve({.name = std::string(name), .version = number});
  backend_->create(store::tombstone_key(name, number),
                   as_bytes(encode_tombstone(name, number, moved_to)));
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
                       VersionState state) {
  check_datastore_name(name);
  if (state == VersionState::ready)
    return backend_->create(store::version_key(name, number), record);
  if (find_record(name, number)) return false;
  const std::string tombstone = encode_tombstone(name, number, {});
  backend_->create(store::advance_tombstone_key(name, number, digest_of(record)),
                   as_bytes(tombstone));
  if (!backend_->create(store::version_key(name, number), record)) return false;
  backend_->create(store::tombstone_key(name, number), as_bytes(tombstone));
  return true;
}

void Datastores::finish_adoptions(std::string_view name) {
  const Tombstones found = tombstones(name);
  for (const store::AdvanceTombstone& advance : found.in_advance)
    if (!has(found.numbers, advance.version) && is_record(name, advance))
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
  resolve({.name = std::string(name)});
  VersionNumber number = highest_taken(backend_->list_names(store::descriptions_prefix(name)));
  for (unsigned lost = 0; lost < races_max; ++lost) {
    if (number == UINT32_MAX)
      fail(ErrorKind::unsupported, "{} has all the descriptions that it can have", name);
    ++number;
    if (backend_->create(store::description_key(name, number),
                         as_bytes(encode_description(name, number, text))))
      return;
  }
  fail(ErrorKind::unavailable, "{}: {} says that {} descriptions in a row are taken; try again",
       backend_->name(), name, races_max);
}

}  // namespace grid::dataset
