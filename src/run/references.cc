#include "run/references.h"

#include <algorithm>
#include <set>

#include "base/error.h"

namespace grid::run {

using dataset::Reference;
using dataset::Version;

namespace {

constexpr std::string_view scheme = "grid:";

bool is_version_word(std::string_view word) {
  if (word == "latest") return true;
  return !word.empty() && word.front() != '0' &&
         std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// What follows `folder` in a path at or below it, from the '/' on.
std::optional<std::string_view> find_below(std::string_view path, std::string_view folder) {
  if (path.substr(0, folder.size()) != folder) return std::nullopt;
  path.remove_prefix(folder.size());
  if (!path.empty() && path.front() != '/') return std::nullopt;
  return path;
}

// Parses "cats:3/images", which follows "grid:".
ArgumentReference parse_scheme(std::string_view text) {
  std::size_t end = std::min(text.find('/'), text.size());
  return {0, Reference::parse(text.substr(0, end)), std::string(text.substr(end))};
}

// Parses "/cats/3/images", which follows the mount folder; empty for the folder itself.
std::optional<ArgumentReference> parse_below(std::string_view text) {
  std::size_t start = text.find_first_not_of('/');
  if (start == std::string_view::npos) return std::nullopt;
  text.remove_prefix(start);
  std::size_t end = std::min(text.find('/'), text.size());
  std::string_view name = text.substr(0, end);
  dataset::check_datastore_name(name);
  ArgumentReference found{0, Reference{std::string(name), {}, false},
                          std::string(text.substr(end))};

  start = text.find_first_not_of('/', end);
  if (start == std::string_view::npos) return found;
  end = std::min(text.find('/', start), text.size());
  std::string_view word = text.substr(start, end - start);
  if (!is_version_word(word)) return found;
  found.reference = Reference::parse(fmt::format("{}:{}", name, word));
  found.path = text.substr(end);
  return found;
}

std::optional<ArgumentReference> find_at(std::string_view argument, std::size_t offset,
                                         std::string_view mount_folder) {
  std::string_view text = argument.substr(offset);
  std::optional<ArgumentReference> found;
  try {
    if (text.substr(0, scheme.size()) == scheme) {
      found = parse_scheme(text.substr(scheme.size()));
    } else if (auto below = find_below(text, mount_folder)) {
      found = parse_below(*below);
    } else if (auto below_default = find_below(text, default_mount_folder)) {
      found = parse_below(*below_default);
    }
  } catch (const Error& error) {  // which does not name the argument
    throw error.within(argument);
  }
  if (found) found->offset = offset;
  return found;
}

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

  dataset::VersionNumber version_of(const Reference& reference) {
    if (reference.version || reference.named_latest) return attach(reference).record.number;
    auto pinned = resolved_.pins.find(reference.name);
    if (pinned != resolved_.pins.end()) return pinned->second;
    dataset::VersionNumber number = attach(reference).record.number;
    resolved_.pins.emplace(reference.name, number);
    return number;
  }

 private:
  Version attach(const Reference& reference) {
    const auto key = std::make_pair(reference.name, reference.version);
    auto known = known_.find(key);
    if (known == known_.end()) known = known_.emplace(key, resolve_(reference)).first;
    const Version& version = known->second;
    auto& versions = resolved_.versions;
    auto at = std::lower_bound(
        versions.begin(), versions.end(), version, [&](const AttachedVersion& a, const Version& b) {
          return std::tie(a.name, a.record.number) < std::tie(reference.name, b.record.number);
        });
    if (at == versions.end() || at->name != reference.name ||
        at->record.number != version.record.number)
      at = versions.insert(at, {reference.name, version.record, false});
    if (!reference.version) at->newest = true;
    return version;
  }

  const VersionResolver& resolve_;
  ResolvedReferences& resolved_;
  std::map<std::pair<std::string, std::optional<dataset::VersionNumber>>, Version> known_;
};

// The datastores that the options pin, with --datastore_version applied to the one it is for.
std::vector<Reference> named_references(
    const ReferenceRequest& request,
    const std::vector<std::optional<ArgumentReference>>& in_arguments) {
  std::vector<Reference> named;
  for (const std::string& text : request.datastore_names) named.push_back(Reference::parse(text));
  if (request.datastore_version.empty()) return named;

  const std::string& version = request.datastore_version;
  if (!is_version_word(version))
    fail(ErrorKind::invalid_argument,
         "--datastore_version {}: a version is a number from 1, or latest", version);
  std::set<std::string> names;
  for (const Reference& reference : named) names.insert(reference.name);
  if (names.empty())
    for (const auto& found : in_arguments)
      if (found) names.insert(found->reference.name);
  if (names.size() != 1)
    fail(ErrorKind::invalid_argument,
         "--datastore_version {} is for one datastore, and the command {}: use "
         "--datastore_name NAME:{}",
         version, names.empty() ? "names none" : "names several", version);
  named.push_back(Reference::parse(fmt::format("{}:{}", *names.begin(), version)));
  // `--datastore_name cats --datastore_version 2` is one pin, not two.
  std::erase_if(named, [](const Reference& r) { return !r.version && !r.named_latest; });
  return named;
}

}  // namespace

std::optional<ArgumentReference> find_reference(std::string_view argument,
                                                std::string_view mount_folder) {
  if (auto found = find_at(argument, 0, mount_folder)) return found;
  std::size_t equals = argument.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  return find_at(argument, equals + 1, mount_folder);
}

ResolvedReferences resolve_references(const ReferenceRequest& request,
                                      const VersionResolver& resolve) {
  std::vector<std::optional<ArgumentReference>> found;
  for (const std::string& argument : request.command)
    found.push_back(find_reference(argument, request.mount_folder));

  ResolvedReferences resolved;
  resolved.command = request.command;
  resolved.pins_were_named = !request.datastore_names.empty() || !request.datastore_version.empty();
  Pins pins(resolve, resolved);
  for (const Reference& reference : named_references(request, found)) pins.name(reference);
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (!found[i]) continue;
    dataset::VersionNumber version = pins.version_of(found[i]->reference);
    resolved.command[i] =
        fmt::format("{}{}/{}/{}{}", request.command[i].substr(0, found[i]->offset),
                    request.mount_folder, found[i]->reference.name, version, found[i]->path);
  }
  return resolved;
}

}  // namespace grid::run
