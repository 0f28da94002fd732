#include "service/folder_changes.h"

#include <algorithm>
#include <map>
#include <set>

namespace grid::service {

using tree::Change;
using tree::ChangeKind;
using tree::EntryKind;

namespace {

bool is_at_or_below(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) &&
         (path.size() == folder.size() || folder.empty() || path[folder.size()] == '/');
}

bool is_folder(const Change& change, ChangeKind kind) {
  return change.kind == kind && change.entry_kind == EntryKind::folder;
}

class RenamedFolders {
 public:
  explicit RenamedFolders(const std::vector<Change>& changes) : changes_(changes) {
    for (const Change& change : changes) {
      if (is_folder(change, ChangeKind::removed)) removed_folders_.insert(change.path);
      if (change.kind == ChangeKind::removed) left_.push_back(change.path);
      if (change.kind == ChangeKind::renamed) left_.push_back(change.old_path);
    }
    std::sort(left_.begin(), left_.end());
  }

  std::vector<Change> run() {
    std::vector<Change> folded;
    for (std::size_t i = 0; i < changes_.size();) {
      const std::size_t end = end_of(i);
      const std::string old = old_name(i, end);
      if (old.empty()) {
        folded.push_back(changes_[i++]);
        continue;
      }
      folded.push_back({.kind = ChangeKind::renamed,
                        .path = changes_[i].path,
                        .old_path = old,
                        .entry_kind = EntryKind::folder});
      old_names_.insert(old);
      i = end;
    }
    // The old name may come before the new one.
    std::erase_if(folded, [&](const Change& change) {
      return change.kind == ChangeKind::removed && lies_in_renamed(change.path);
    });
    return folded;
  }

 private:
  // Behind all that lies below the entry `at`.
  std::size_t end_of(std::size_t at) const {
    std::size_t end = at + 1;
    const std::string below = changes_[at].path + '/';
    while (end < changes_.size() && changes_[end].path.starts_with(below)) ++end;
    return end;
  }

  std::size_t left_below(const std::string& folder) const {
    const auto begin = std::lower_bound(left_.begin(), left_.end(), folder + '/');
    const auto end = std::lower_bound(begin, left_.end(), folder + static_cast<char>('/' + 1));
    return static_cast<std::size_t>(end - begin);
  }

  // Where the first renamed file below a new folder came from says which folder it may be.
  std::string candidate(std::size_t at, std::size_t end) const {
    const std::size_t name_size = changes_[at].path.size();
    for (std::size_t i = at + 1; i < end; ++i) {
      if (changes_[i].kind != ChangeKind::renamed) continue;
      const std::string rest = changes_[i].path.substr(name_size);
      const std::string& old = changes_[i].old_path;
      return old.ends_with(rest) ? old.substr(0, old.size() - rest.size()) : std::string();
    }
    return {};
  }

  // The name that the folder `at` had, if nothing else about it changed; else empty.
  std::string old_name(std::size_t at, std::size_t end) const {
    if (!is_folder(changes_[at], ChangeKind::added)) return {};
    const std::string old = candidate(at, end);
    if (!removed_folders_.contains(old) || left_below(old) != end - at - 1) return {};
    for (std::size_t i = at + 1; i < end; ++i) {
      const std::string before = old + changes_[i].path.substr(changes_[at].path.size());
      const bool is_moved =
          changes_[i].kind == ChangeKind::renamed
              ? changes_[i].old_path == before
              : is_folder(changes_[i], ChangeKind::added) && removed_folders_.contains(before);
      if (!is_moved) return {};
    }
    return old;
  }

  bool lies_in_renamed(std::string_view path) const {
    for (std::size_t end = path.size(); end != std::string_view::npos && end > 0;
         end = path.rfind('/', end - 1))
      if (old_names_.contains(std::string(path.substr(0, end)))) return true;
    return false;
  }

  const std::vector<Change>& changes_;
  std::set<std::string> removed_folders_, old_names_;
  std::vector<std::string> left_;  // old paths of what is no longer there, ascending
};

}  // namespace

std::vector<Change> changes_below(std::vector<Change> changes,
                                  const std::vector<std::string>& paths) {
  if (paths.empty()) return changes;
  std::erase_if(changes, [&](const Change& change) {
    return std::none_of(paths.begin(), paths.end(), [&](const std::string& path) {
      return is_at_or_below(change.path, path) ||
             (change.kind == ChangeKind::renamed && is_at_or_below(change.old_path, path));
    });
  });
  return changes;
}

std::vector<Change> with_renamed_folders(const std::vector<Change>& changes) {
  return RenamedFolders(changes).run();
}

std::vector<FolderChanges> changes_by_folder(const std::vector<Change>& changes) {
  std::map<std::string, Comparison::Totals> folders;
  for (const Change& change : changes) {
    if (change.entry_kind == EntryKind::folder) continue;
    const std::size_t slash = change.path.find('/');
    folders[slash == std::string::npos ? std::string() : change.path.substr(0, slash)].add(change);
  }
  std::vector<FolderChanges> found;
  for (auto& [folder, totals] : folders) found.push_back({folder, totals});
  return found;
}

}  // namespace grid::service
