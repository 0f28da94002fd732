// One version's entries as nodes.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "mount/filesystem.h"
#include "mount/slots.h"
#include "tree/manifest.h"

namespace grid::mount {

NodeKind node_kind_of(tree::EntryKind kind);  // a hard link is a file

// Made for one question and then discarded; cheap. Throws `not_found` for a place without an entry
// and `corrupt` for a tree that no version can have.
class VersionTree {
 public:
  VersionTree(const Slot& slot, std::shared_ptr<const tree::Manifest> manifest)
      : slot_(slot), manifest_(std::move(manifest)) {}

  const std::shared_ptr<const tree::Manifest>& manifest() const { return manifest_; }
  Node top() const { return make_node(slot_.index, folder_place); }

  // The entry at a place other than the top's. Never a hard link if the place is from node_of().
  tree::EntryRef entry_at(std::uint64_t place) const;
  // The path of the folder at a place, "" for the top. Throws `invalid_argument` for a file.
  std::string folder_path(std::uint64_t place) const;
  // The node of the folder that contains the folder at `path`, which must not be "".
  Node parent_of(std::string_view path) const;

  // All names of a hard-linked file give the node of its first name.
  Attributes attributes_of(const tree::EntryRef& entry) const;
  std::optional<Attributes> find(std::string_view folder, std::string_view name) const;

 private:
  Node node_of(const tree::EntryRef& entry) const;  // not for hard links
  tree::EntryRef first_name_of(const tree::EntryRef& hard_link) const;

  const Slot& slot_;
  std::shared_ptr<const tree::Manifest> manifest_;
};

}  // namespace grid::mount
