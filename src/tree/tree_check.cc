// Problem. A tree may have 10^8 entries, more than fit in memory, and its rules concern entries
// that lie far apart: a folder and what is in it, a hard link and its file.
//
// Idea. What is checked already makes this cheap. Manifest gives entries in tree order, each key
// once. So the entries of a folder stand together: each folder is looked up once, when its first
// entry comes; those of its siblings follow in the order of their own entries, so that these
// look-ups find their segments in the cache. A folder's own folder was looked up before, which
// makes the path sound up to the top. Files with several names are listed in the root, which is in
// memory: each gets a counter.
//
// It costs a look-up for each folder and for each file with several names, and 8 bytes of memory
// for each of the latter.

#include "tree/tree_check.h"

#include <algorithm>

#include "base/error.h"

namespace grid::tree {

TreeCheck::TreeCheck(std::shared_ptr<const Manifest> manifest, Report report)
    : manifest_(std::move(manifest)), report_(std::move(report)) {
  names_.reserve(manifest_->link_counts().size());
  for (const auto& [path, count] : manifest_->link_counts()) {
    std::string reason;
    names_.push_back({.state = look_up(path, reason)});
    if (names_.back().state == State::other)
      report_(path, fmt::format("the root says that it has {} names, but it {}", count, reason));
  }
}

// Whether a path is that of a file; `reason` says what it is else.
TreeCheck::State TreeCheck::look_up(std::string_view path, std::string& reason) const {
  try {
    const std::optional<EntryRef> entry = manifest_->find_path(path);
    if (entry && entry->kind() == EntryKind::file) return State::file;
    reason = entry ? fmt::format("is a {}", name_of(entry->kind())) : "is not there";
    return State::other;
  } catch (const Error&) {  // its segment is lost, which the caller learns when it comes to it
    return State::unknown;
  }
}

void TreeCheck::check_folder(std::string_view folder) {
  if (folder.empty()) return;
  std::string reason;
  const State state = look_up(folder, reason);
  if (state == State::file) reason = "is a file";
  if (state == State::unknown || reason == "is a folder") return;
  report_(std::string(folder), "there are entries below it, but it " + reason);
}

void TreeCheck::check_link(const EntryRef& link) {
  const auto& known = manifest_->link_counts();
  const std::string_view target = link.target();
  const auto at = std::lower_bound(known.begin(), known.end(), target,
                                   [](const auto& one, auto key) { return one.first < key; });
  if (at != known.end() && at->first == target) {
    Names& names = names_[static_cast<std::size_t>(at - known.begin())];
    ++names.links;
    if (names.state != State::other) return;
  }
  std::string reason;
  const State state = look_up(target, reason);
  if (state == State::unknown) return;
  if (state == State::file) reason = "does not have several names according to the root";
  report_(link.path(), fmt::format("is a hard link to {}, which {}", target, reason));
}

void TreeCheck::count(const EntryRef& entry) {
  const std::uint64_t before = found_.bytes;
  found_.add(entry.kind(), entry.size(), entry.is_in_place());
  overflow_ = overflow_ || found_.bytes < before;
}

void TreeCheck::add(const std::shared_ptr<const Segment>& segment) {
  for (std::uint32_t i = 0; i < segment->count(); ++i) {
    const EntryRef entry(segment, i, found_.entries);
    if (const std::string_view folder = entry.folder(); folder != folder_) {
      check_folder(folder);
      folder_ = folder;
    }
    if (entry.kind() == EntryKind::hard_link) check_link(entry);
    count(entry);
  }
}

void TreeCheck::compare(std::string_view what, std::uint64_t said, std::uint64_t found) {
  if (said != found)
    report_("", fmt::format("the root counts {} {}, its tree has {}", said, what, found));
}

void TreeCheck::finish() {
  if (lost_) return;
  const auto& known = manifest_->link_counts();
  for (std::size_t i = 0; i < known.size(); ++i)
    if (names_[i].state == State::file && known[i].second - 1 != names_[i].links)
      report_(known[i].first, fmt::format("the root says that it has {} names, its tree has {}",
                                          known[i].second, std::uint64_t{names_[i].links} + 1));
  const TreeTotals& said = manifest_->totals();
  compare("files", said.files, found_.files);
  compare("folders", said.folders, found_.folders);
  compare("symbolic links", said.symlinks, found_.symlinks);
  compare("files in place", said.files_in_place, found_.files_in_place);
  if (overflow_)
    report_("", "its files have more bytes than the root can count");
  else
    compare("bytes", said.bytes, found_.bytes);
  compare("bytes in place", said.bytes_in_place, found_.bytes_in_place);
}

}  // namespace grid::tree
