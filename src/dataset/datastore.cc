#include "dataset/datastore.h"

#include <algorithm>
#include <future>

#include "base/error.h"
#include "store/layout.h"

namespace grid::dataset {

std::string_view name_of(VersionState state) {
  return state == VersionState::ready ? "ready" : "deleted";
}

Datastores::Datastores(std::shared_ptr<backend::Backend> backend) : backend_(std::move(backend)) {}

// The numbers that are keys below a prefix, ascending.
static std::vector<VersionNumber> numbers_below(const backend::Backend& backend,
                                                const std::string& prefix) {
  std::vector<VersionNumber> numbers;
  for (const std::string& name : backend.list_names(prefix))
    if (std::optional<std::uint32_t> number = store::parse_number(name)) numbers.push_back(*number);
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::vector<std::string> Datastores::names() const {
  std::vector<std::string> names = backend_->list_names(store::datastores_prefix());
  std::erase_if(names, [](const std::string& name) { return !is_datastore_name(name); });
  return names;
}

std::vector<VersionNumber> Datastores::ready_numbers(std::string_view name) const {
  // A server is asked for both at once, since each answer takes a round trip.
  std::future<std::vector<VersionNumber>> coming =
      std::async(backend_->remote() ? std::launch::async : std::launch::deferred,
                 [&] { return numbers_below(*backend_, store::tombstones_prefix(name)); });
  std::vector<VersionNumber> published = numbers_below(*backend_, store::versions_prefix(name));
  std::vector<VersionNumber> deleted = coming.get();
  std::vector<VersionNumber> ready;
  std::set_difference(published.begin(), published.end(), deleted.begin(), deleted.end(),
                      std::back_inserter(ready));
  return ready;
}

std::vector<Version> Datastores::versions(std::string_view name) const {
  std::vector<Version> versions;
  for (VersionNumber number : numbers_below(*backend_, store::versions_prefix(name)))
    if (std::optional<Version> version = find(name, number))
      versions.push_back(std::move(*version));
  return versions;
}

std::optional<Version> Datastores::find(std::string_view name, VersionNumber number) const {
  std::optional<Bytes> object = backend_->find(store::version_key(name, number));
  if (!object) return std::nullopt;
  std::string noun = fmt::format("{}:{}", name, number);
  Version version{.record = decode_version_record(*object, noun)};
  if (version.record.number != number)
    fail(ErrorKind::corrupt, "{}: the version record is that of version {}", noun,
         version.record.number);
  if (std::optional<Bytes> tombstone = backend_->find(store::tombstone_key(name, number))) {
    version.state = VersionState::deleted;
    version.moved_to = decode_tombstone(*tombstone);
  }
  return version;
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
  if (!std::binary_search(names.begin(), names.end(), reference.name)) {
    std::vector<std::string> nearest = nearest_names(reference.name, names);
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
  std::vector<VersionNumber> published = datastores.published_numbers(reference.name);
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
  std::vector<VersionNumber> taken = numbers_below(*backend_, store::versions_prefix(name));
  record.number = taken.empty() ? 1 : taken.back() + 1;
  for (;; ++record.number) {
    std::string text = encode_version_record(record);
    // The one step that makes the version exist. If the key is taken, another create has published
    // this number since the listing: take the next.
    if (backend_->create(store::version_key(name, record.number), as_bytes(text))) return record;
  }
}

void Datastores::remove(std::string_view name, VersionNumber number, std::string_view moved_to) {
  resolve({.name = std::string(name), .version = number});
  backend_->create(store::tombstone_key(name, number), as_bytes(encode_tombstone(moved_to)));
}

std::vector<VersionNumber> Datastores::published_numbers(std::string_view name) const {
  return numbers_below(*backend_, store::versions_prefix(name));
}

std::optional<Bytes> Datastores::find_record(std::string_view name, VersionNumber number) const {
  return backend_->find(store::version_key(name, number));
}

bool Datastores::adopt(std::string_view name, VersionNumber number, BytesView record,
                       VersionState state) {
  check_datastore_name(name);
  // The tombstone goes first: the version must not look ready in between.
  if (state == VersionState::deleted) {
    if (backend_->find(store::version_key(name, number))) return false;
    backend_->create(store::tombstone_key(name, number), as_bytes(encode_tombstone({})));
  }
  return backend_->create(store::version_key(name, number), record);
}

std::string Datastores::description(std::string_view name) const {
  std::vector<VersionNumber> numbers = numbers_below(*backend_, store::descriptions_prefix(name));
  if (numbers.empty()) return {};
  std::optional<Bytes> text = backend_->find(store::description_key(name, numbers.back()));
  return text ? decode_description(*text, name) : std::string();
}

void Datastores::describe(std::string_view name, std::string_view text) {
  resolve({.name = std::string(name)});
  std::vector<VersionNumber> numbers = numbers_below(*backend_, store::descriptions_prefix(name));
  VersionNumber number = numbers.empty() ? 1 : numbers.back() + 1;
  std::string record = encode_description(text);
  while (!backend_->create(store::description_key(name, number), as_bytes(record))) ++number;
}

}  // namespace grid::dataset
