// Problem. Add one file to a version of ten million without having the ten million at hand.
//
// Idea. The changes come in tree order, like the base's entries, so the two are merged. Where
// nothing changes, whole segments of the base are taken over by their digest, unread. The result
// has the same bytes as if all entries were written: where a segment ends depends on its own
// entries alone, so once a segment begins where one of the base began, the segments that follow
// are the base's too. After a change, entries are copied one by one until this is so again,
// usually within two segments. The last segment ends because the entries do, so it is taken over
// only if nothing follows.
//
// A hard link names the first name of its file. When that name is removed, the next one becomes
// the file and the other links name it. Finding them takes one read of the whole base, done only
// in this case.

#include "create/changed_tree.h"

#include <algorithm>

#include "base/error.h"
#include "source/ignore_patterns.h"

namespace grid::create {

static bool is_plain(const std::string& segment) {
  return segment.find_first_of("*?[\\") == std::string::npos;
}

namespace {

// Finds the entries that one pattern matches.
class RemovalSearch {
 public:
  RemovalSearch(const tree::Manifest& base, std::string_view pattern,
                std::vector<tree::EntryRange>& found)
      : base_(base), found_(found) {
    while (pattern.ends_with('/')) {
      folders_only_ = true;
      pattern.remove_suffix(1);
    }
    if (pattern.starts_with('/')) pattern.remove_prefix(1);
    segments_ = source::split_pattern(pattern);
    search("", 0);
  }
  bool found_any() const { return found_any_; }

 private:
  // Searches a folder for the pattern's segments from `depth` on, visiting only what may match.
  void search(const std::string& folder, std::size_t depth) {
    const std::string& segment = segments_[depth];
    bool last = depth + 1 == segments_.size();
    if (is_plain(segment)) {
      std::optional<tree::EntryRef> entry = base_.find(folder, segment);
      if (entry && last) take(*entry);
      if (entry && !last && entry->kind() == tree::EntryKind::folder)
        search(entry->path(), depth + 1);
      return;
    }
    if (segment.find("**") != std::string::npos) {
      search_all(folder, depth);
      return;
    }
    tree::EntryRange children = base_.children(folder);
    for (std::uint64_t i = children.first; i < children.first + children.count; ++i) {
      tree::EntryRef entry = base_.at(i);
      if (!source::matches_name(segment, entry.name())) continue;
      if (last)
        take(entry);
      else if (entry.kind() == tree::EntryKind::folder)
        search(entry.path(), depth + 1);
    }
  }

  void search_all(const std::string& folder, std::size_t depth) {
    std::vector<std::string> rest(segments_.begin() + static_cast<std::ptrdiff_t>(depth),
                                  segments_.end());
    tree::EntryRange all = base_.subtree(folder);
    for (std::uint64_t i = all.first; i < all.first + all.count; ++i) {
      tree::EntryRef entry = base_.at(i);
      std::string path = entry.path();
      if (source::matches_path(rest, folder.empty() ? path : path.substr(folder.size() + 1)))
        take(entry);
    }
  }

  void take(const tree::EntryRef& entry) {
    bool folder = entry.kind() == tree::EntryKind::folder;
    if (folders_only_ && !folder) return;
    found_any_ = true;
    found_.push_back({entry.ordinal(), 1});
    if (folder) found_.push_back(base_.subtree(entry.path()));
  }

  const tree::Manifest& base_;
  std::vector<tree::EntryRange>& found_;
  std::vector<std::string> segments_;
  bool folders_only_ = false, found_any_ = false;
};

}  // namespace

std::vector<tree::EntryRange> find_removed(const tree::Manifest& base, const std::string& base_name,
                                           const std::vector<std::string>& patterns) {
  std::vector<tree::EntryRange> found;
  for (const std::string& pattern : patterns)
    if (!RemovalSearch(base, pattern, found).found_any())
      fail(ErrorKind::not_found,
           "--remove {}: nothing in {} matches; a pattern is a path from the top, with * for any "
           "name and ** for any number of folders",
           pattern, base_name);
  std::sort(found.begin(), found.end(),
            [](const tree::EntryRange& a, const tree::EntryRange& b) { return a.first < b.first; });
  std::vector<tree::EntryRange> merged;
  for (const tree::EntryRange& range : found) {
    if (range.count == 0) continue;
    if (merged.empty() || range.first > merged.back().first + merged.back().count) {
      merged.push_back(range);
      continue;
    }
    std::uint64_t end =
        std::max(merged.back().first + merged.back().count, range.first + range.count);
    merged.back().count = end - merged.back().first;
  }
  return merged;
}

ChangedTree::ChangedTree(TreeChanges changes, tree::ManifestWriter& writer)
    : changes_(std::move(changes)), base_(*changes_.base), writer_(writer) {
  for (const auto& [path, count] : base_.link_counts()) link_counts_[path] = count;
}

// The first removed range that ends after `ordinal`.
static std::vector<tree::EntryRange>::const_iterator range_at(
    const std::vector<tree::EntryRange>& ranges, std::uint64_t ordinal) {
  return std::partition_point(ranges.begin(), ranges.end(), [&](const tree::EntryRange& range) {
    return range.first + range.count <= ordinal;
  });
}

bool ChangedTree::is_removed(std::uint64_t ordinal) const {
  auto range = range_at(changes_.removed, ordinal);
  return range != changes_.removed.end() && range->first <= ordinal;
}

bool ChangedTree::can_take_over(std::size_t index, const tree::Entry* limit) const {
  const tree::Manifest::SegmentEntry& segment = base_.segments()[index];
  if (segment.first != next_ || !writer_.at_segment_start()) return false;
  if (limit != nullptr) {
    if (index + 1 == base_.segments().size()) return false;
    const tree::Manifest::SegmentEntry& behind = base_.segments()[index + 1];
    if (tree::compare_keys(behind.first_folder, behind.first_name, limit->folder, limit->name) > 0)
      return false;
  }
  std::uint64_t end = segment.first + segment.count;
  auto removed = range_at(changes_.removed, segment.first);
  if (removed != changes_.removed.end() && removed->first < end) return false;
  auto touched = touched_.lower_bound(segment.first);
  return touched == touched_.end() || *touched >= end;
}

// The entry at next_.
tree::EntryRef ChangedTree::current() {
  const tree::Manifest::SegmentEntry& segment = base_.segments()[segment_index_];
  if (!segment_) segment_ = base_.segment(segment_index_);
  return {segment_, static_cast<std::uint32_t>(next_ - segment.first), next_};
}

// Advances in the base to the first entry that is not before `limit`; to the end if it is null.
void ChangedTree::advance(const tree::Entry* limit) {
  const auto& segments = base_.segments();
  while (next_ < base_.totals().entries) {
    if (next_ == segments[segment_index_].first + segments[segment_index_].count) {
      ++segment_index_;
      segment_ = nullptr;
    }
    if (can_take_over(segment_index_, limit)) {
      writer_.take_over(segments[segment_index_]);
      next_ += segments[segment_index_].count;
      continue;
    }
    tree::EntryRef ref = current();
    if (limit != nullptr &&
        tree::compare_keys(ref.folder(), ref.name(), limit->folder, limit->name) >= 0)
      return;
    visited_.add(ref.kind(), ref.size(), ref.is_in_place());
    if (is_removed(next_))
      drop(ref);
    else
      keep(ref);
    ++next_;
  }
}

void ChangedTree::add(tree::Entry entry, bool implied) {
  advance(&entry);
  bool found = false;
  if (next_ < base_.totals().entries) {
    tree::EntryRef ref = current();
    found = ref.name() == entry.name && ref.folder() == entry.folder;
    if (found) {
      bool removed = is_removed(next_);
      bool was_folder = ref.kind() == tree::EntryKind::folder;
      if (!removed && was_folder != (entry.kind == tree::EntryKind::folder))
        fail(ErrorKind::already_exists,
             "{} is a {} in {} and a {} in what is added; --remove it first, nothing was published",
             entry.path(), name_of(ref.kind()), changes_.base_name, name_of(entry.kind));
      if (implied && !removed) entry.mtime_ns = ref.mtime_ns();
      visited_.add(ref.kind(), ref.size(), ref.is_in_place());
      drop(ref);
      ++next_;
    }
  }
  writer_.add(std::move(entry));
}

void ChangedTree::find_links() {
  if (std::exchange(links_found_, true)) return;
  tree::EntryCursor cursor(changes_.base, {0, base_.totals().entries});
  while (std::optional<tree::EntryRef> entry = cursor.next())
    if (entry->kind() == tree::EntryKind::hard_link)
      links_[std::string(entry->target())].push_back(entry->ordinal());
}

void ChangedTree::drop(const tree::EntryRef& ref) {
  if (ref.kind() == tree::EntryKind::hard_link) {
    std::string target(ref.target());
    if (groups_.contains(target)) return;
    auto names = link_counts_.find(target);
    if (names == link_counts_.end() || names->second < 2)
      fail(ErrorKind::corrupt, "{}: {} is a hard link to {}, of which the root knows nothing",
           changes_.base_name, ref.path(), target);
    --names->second;
    return;
  }
  if (ref.kind() != tree::EntryKind::file || base_.link_count(ref) < 2) return;
  find_links();
  std::string path = ref.path();
  for (std::uint64_t ordinal : links_[path]) {
    // grid writes none of these; a link that was passed already would lead to nothing.
    if (ordinal < ref.ordinal() && !is_removed(ordinal))
      fail(ErrorKind::unsupported, "{}: {} is the file of a hard link that comes before it; {}",
           changes_.base_name, path, "remove or replace both, or neither");
    touched_.insert(ordinal);
  }
  link_counts_.erase(path);
  groups_[path] = {.file = ref.to_entry()};
}

void ChangedTree::keep(const tree::EntryRef& ref) {
  tree::Entry entry = ref.to_entry();
  auto group =
      entry.kind == tree::EntryKind::hard_link ? groups_.find(entry.target) : groups_.end();
  if (group == groups_.end()) {
    writer_.add(std::move(entry));
    return;
  }
  std::string& first = group->second.first;
  if (first.empty()) {
    first = entry.path();
    link_counts_[first] = 1;
    tree::Entry file = group->second.file;
    file.folder = std::move(entry.folder);
    file.name = std::move(entry.name);
    writer_.add(std::move(file));
    return;
  }
  ++link_counts_[first];
  entry.target = first;
  entry.size = first.size();
  writer_.add(std::move(entry));
}

void ChangedTree::finish(std::map<std::string, std::uint32_t>& link_counts) {
  advance(nullptr);
  const tree::TreeTotals& all = base_.totals();
  if (visited_.files > all.files || visited_.folders > all.folders ||
      visited_.symlinks > all.symlinks || visited_.bytes > all.bytes ||
      visited_.files_in_place > all.files_in_place || visited_.bytes_in_place > all.bytes_in_place)
    fail(ErrorKind::corrupt, "{}: its root counts less than its tree has", changes_.base_name);
  writer_.add_totals({.entries = 0,  // take_over() has counted them
                      .files = all.files - visited_.files,
                      .folders = all.folders - visited_.folders,
                      .symlinks = all.symlinks - visited_.symlinks,
                      .bytes = all.bytes - visited_.bytes,
                      .files_in_place = all.files_in_place - visited_.files_in_place,
                      .bytes_in_place = all.bytes_in_place - visited_.bytes_in_place});
  for (const auto& [path, count] : link_counts_)
    if (count > 1) link_counts.try_emplace(path, count);
}

}  // namespace grid::create
