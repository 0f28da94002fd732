// The keys that a version has for S3, in S3's order.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tree/manifest.h"

namespace grid::server::s3 {

struct WalkedKey {
  std::string key;       // "a/b", or "a/" for an empty folder
  tree::EntryRef entry;  // the file whose bytes it has, or the empty folder

  bool is_folder() const { return entry.kind() == tree::EntryKind::folder; }
};

// Keys are the paths of files, hard links and those symlinks that lead to a file of the same
// version, and "path/" for folders that hold nothing. Memory and the time for a key grow with the
// depth of the tree only.
class KeyWalk {
 public:
  // At the first key.
  explicit KeyWalk(std::shared_ptr<const tree::Manifest> manifest);
  // Goes to the first key that, as bytes, does not come before `key`.
  void seek(std::string_view key);
  // Empty at the end.
  std::optional<WalkedKey> next();

 private:
  // A folder that the walk is in, and what it has left there.
  struct Level {
    std::string folder;
    tree::EntryCursor entries;
    std::optional<tree::EntryRef> ahead{};  // taken from `entries`
    std::vector<tree::EntryRef> waiting{};  // folders, in the reverse order of their keys
  };
  Level level_of(std::string folder, std::string_view name) const;

  const std::shared_ptr<const tree::Manifest> manifest_;
  std::vector<Level> levels_;  // each in a folder of the one before
};

}  // namespace grid::server::s3
