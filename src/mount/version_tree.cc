#include "mount/version_tree.h"

#include "base/error.h"

namespace grid::mount {

using tree::EntryKind;
using tree::EntryRef;

NodeKind node_kind_of(EntryKind kind) {
  switch (kind) {
    case EntryKind::folder:
      return NodeKind::folder;
    case EntryKind::symlink:
      return NodeKind::symlink;
    case EntryKind::file:
    case EntryKind::hard_link:
      break;
  }
  return NodeKind::file;
}

EntryRef VersionTree::entry_at(std::uint64_t place) const {
  const std::uint64_t ordinal = place - first_entry_place;
  if (place < first_entry_place || ordinal >= manifest_->totals().entries) {
    fail(ErrorKind::not_found, "there is no node at place {}", place);
  }
  return manifest_->at(ordinal);
}

std::string VersionTree::folder_path(std::uint64_t place) const {
  if (place == folder_place) return {};
  const EntryRef entry = entry_at(place);
  std::string path = entry.path();
  if (entry.kind() != EntryKind::folder) {
    fail(ErrorKind::invalid_argument, "{}: is not a folder", path);
  }
  return path;
}

Node VersionTree::parent_of(std::string_view path) const {
  const auto slash = path.rfind('/');
  if (slash == std::string_view::npos) return make_node(slot_.index, folder_place);
  const auto parent = manifest_->find_path(path.substr(0, slash));
  if (!parent) fail(ErrorKind::corrupt, "{}: the tree lacks its parent folder", path);
  return node_of(*parent);
}

Node VersionTree::node_of(const EntryRef& entry) const {
  const std::uint64_t slot = entry.kind() == EntryKind::folder ? slot_.index : slot_.files;
  return make_node(slot, entry.ordinal() + first_entry_place);
}

EntryRef VersionTree::first_name_of(const EntryRef& hard_link) const {
  const auto first = manifest_->find_path(hard_link.target());
  if (!first || first->kind() != EntryKind::file) {
    fail(ErrorKind::corrupt, "{}: is another name of {}, which is not a file of this version",
         hard_link.path(), hard_link.target());
  }
  return *first;
}

Attributes VersionTree::attributes_of(const EntryRef& entry) const {
  const EntryKind kind = entry.kind();
  if (kind == EntryKind::hard_link) return attributes_of(first_name_of(entry));
  return {.node = node_of(entry),
          .kind = node_kind_of(kind),
          .executable = entry.executable(),
          .link_count = kind == EntryKind::file ? manifest_->link_count(entry) : 1,
          .size = kind == EntryKind::folder ? 0 : entry.size(),
          .mtime_ns = entry.mtime_ns()};
}

std::optional<Attributes> VersionTree::find(std::string_view folder, std::string_view name) const {
  const auto entry = manifest_->find(folder, name);
  if (!entry) return std::nullopt;
  return attributes_of(*entry);
}

}  // namespace grid::mount
