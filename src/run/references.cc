#include "run/references.h"

#include <algorithm>
#include <optional>
#include <set>

#include "base/error.h"
#include "store/layout.h"

namespace grid::run {

using dataset::Reference;
using dataset::Version;

namespace {

// Resolves each reference once, so that all its uses in a command line agree.
class Pins {
 public:
  Pins(const VersionResolver& resolve, ResolvedReferences& resolved)
      : resolve_(resolve), resolved_(resolved) {}

  // For an option: sets what a reference without a version means.
  void name(const Reference& reference) {
    Version version = attach(reference);
    auto [it, is_new] = resolved_.pins.emplace(reference.name, version.record.number);
    if (!is_new && it->second != version.record.number)
      fail(ErrorKind::invalid_argument, "{0} cannot mean both {0}:{1} and {0}:{2} in one run",
           reference.name, it->second, version.record.number);
  }

  // Empty if it is no reference after all.
  std::optional<dataset::VersionNumber> find_version(const ArgumentReference& found,
                                                     std::string_view argument) {
    const bool must_be_there = found.certain && found.problem.empty();
    if (!must_be_there && !is_datastore(found.reference.name)) return std::nullopt;
    if (!found.problem.empty())
      throw Error(ErrorKind::invalid_argument, found.problem).within(argument);
    return version_of(found.reference);
  }

  void attach_if_there(const Reference& reference) {
    if (find(reference)) attach(reference);
  }

 private:
  dataset::VersionNumber version_of(const Reference& reference) {
    if (reference.names_version()) return attach(reference).record.number;
    auto pinned = resolved_.pins.find(reference.name);
    if (pinned != resolved_.pins.end()) return pinned->second;
    dataset::VersionNumber number = attach(reference).record.number;
    resolved_.pins.emplace(reference.name, number);
    return number;
  }

  const Version& get(const Reference& reference) {
    const Key key(reference.name, reference.version, reference.tag);
    auto known = known_.find(key);
    if (known != known_.end()) return known->second;
    known = known_.emplace(key, resolve_(reference)).first;
    known_.emplace(Key(reference.name, known->second.record.number, ""), known->second);
    return known->second;
  }

  bool find(const Reference& reference) {
    try {
      get(reference);
      return true;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::not_found) throw;
      return false;
    }
  }

  bool is_datastore(const std::string& name) { return find({.name = name}); }

  Version attach(const Reference& reference) {
    const Version version = get(reference);
    auto& versions = resolved_.versions;
    auto at = std::lower_bound(
        versions.begin(), versions.end(), version, [&](const AttachedVersion& a, const Version& b) {
          return std::tie(a.name, a.record.number) < std::tie(reference.name, b.record.number);
        });
    if (at == versions.end() || at->name != reference.name ||
        at->record.number != version.record.number)
      at = versions.insert(at, {reference.name, version.record, false});
    if (!reference.version && reference.tag.empty()) at->newest = true;
    return version;
  }

  // The datastore, and the version or the tag that was named.
  using Key = std::tuple<std::string, std::optional<dataset::VersionNumber>, std::string>;

  const VersionResolver& resolve_;
  ResolvedReferences& resolved_;
  std::map<Key, Version> known_;
};

// The datastores that the options pin, with --datastore_version applied to the one it is for.
std::vector<Reference> named_references(
    const ReferenceRequest& request,
    const std::vector<std::vector<ArgumentReference>>& in_arguments) {
  std::vector<Reference> named;
  for (const std::string& text : request.datastore_names) named.push_back(Reference::parse(text));
  if (request.datastore_version.empty()) return named;

  const std::string& version = request.datastore_version;
  if (version != "latest" && !store::parse_number(version) &&
      !(version.starts_with('@') && dataset::is_tag(version.substr(1))))
    fail(ErrorKind::invalid_argument,
         "--datastore_version {}: a version is a number from 1, latest, or @TAG", version);
  std::set<std::string> names;
  for (const Reference& reference : named) names.insert(reference.name);
  if (names.empty())
    for (const auto& found : in_arguments)
      for (const ArgumentReference& one : found) names.insert(one.reference.name);
  if (names.size() != 1)
    fail(ErrorKind::invalid_argument,
         "--datastore_version {} is for one datastore, and the command {}: use "
         "--datastore_name NAME{}{}",
         version, names.empty() ? "names none" : "names several",
         version.starts_with('@') ? "" : ":", version);
  named.push_back(Reference::parse(*names.begin(), version));
  // `--datastore_name cats --datastore_version 2` is one pin, not two.
  std::erase_if(named, [](const Reference& r) { return !r.names_version(); });
  return named;
}

// The argument with paths in place of its references.
std::string replaced(const std::string& argument, const std::vector<ArgumentReference>& found,
                     const std::string& mount_folder, Pins& pins) {
  std::string out;
  std::size_t done = 0;
  for (const ArgumentReference& one : found) {
    const std::optional<dataset::VersionNumber> version = pins.find_version(one, argument);
    if (!version) continue;
    out += argument.substr(done, one.offset - done);
    out += fmt::format("{}/{}/{}", mount_folder, one.reference.name, *version);
    done = one.offset + one.size;
  }
  return out + argument.substr(done);
}

}  // namespace

ResolvedReferences resolve_references(const ReferenceRequest& request,
                                      const VersionResolver& resolve) {
  std::vector<std::vector<ArgumentReference>> found(request.command.size());
  for (std::size_t i = 0; i < found.size() && !request.literal; ++i)
    found[i] = find_references(request.command[i], request.mount_folder);

  ResolvedReferences resolved;
  resolved.command = request.command;
  resolved.pins_were_named = !request.datastore_names.empty() || !request.datastore_version.empty();
  Pins pins(resolve, resolved);
  for (const Reference& reference : named_references(request, found)) pins.name(reference);
  for (std::size_t i = 0; i < found.size() && !request.literal; ++i) {
    resolved.command[i] = replaced(request.command[i], found[i], request.mount_folder, pins);
    for (const Reference& mention : find_mentions(resolved.command[i], request.mount_folder))
      pins.attach_if_there(mention);
  }
  return resolved;
}

}  // namespace grid::run
