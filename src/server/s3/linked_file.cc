#include "server/s3/linked_file.h"

#include <string>

#include "base/error.h"
#include "base/text.h"

namespace grid::server::s3 {

using tree::EntryKind;
using tree::EntryRef;
using tree::Manifest;

static constexpr int links_max = 40;  // as Linux follows them

static EntryRef hard_linked_file(const Manifest& manifest, const EntryRef& link) {
  std::optional<EntryRef> file = manifest.find_path(link.target());
  if (!file)
    fail(ErrorKind::corrupt, "{} is a hard link to {}, which is not there", link.path(),
         link.target());
  return *file;
}

static std::optional<EntryRef> follow(const Manifest& manifest, const EntryRef& link) {
  std::string folder(link.folder());
  std::string rest(link.target());  // of the way to go
  for (int links = 1; links <= links_max;) {
    if (rest.starts_with('/')) return std::nullopt;
    std::string_view left = rest;
    const bool is_last = left.find('/') == left.npos;
    const std::string name(take_until(left, '/'));
    rest = std::string(left);
    // What follows slashes is a name again: "a//b" means "a/b", and "a/" only a folder.
    rest.erase(0, std::min(rest.find_first_not_of('/'), rest.size()));
    if (name == "..") {
      if (folder.empty()) return std::nullopt;
      folder = std::string(split_path(folder).first);
    } else if (name != ".") {
      const std::optional<EntryRef> entry = manifest.find(folder, name);
      if (!entry) return std::nullopt;
      if (entry->kind() == EntryKind::symlink) {
        ++links;
        rest = std::string(entry->target()) + (is_last ? "" : "/") + rest;
        continue;
      }
      if (entry->kind() != EntryKind::folder) {
        if (!is_last) return std::nullopt;
        return entry->kind() == EntryKind::hard_link ? hard_linked_file(manifest, *entry) : *entry;
      }
      folder = entry->path();
    }
    if (rest.empty()) return std::nullopt;  // a folder
  }
  return std::nullopt;
}

std::optional<EntryRef> find_linked_file(const Manifest& manifest, const EntryRef& entry) {
  switch (entry.kind()) {
    case EntryKind::symlink:
      return follow(manifest, entry);
    case EntryKind::hard_link:
      return hard_linked_file(manifest, entry);
    default:
      return entry;
  }
}

}  // namespace grid::server::s3
