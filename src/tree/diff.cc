#include "tree/diff.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace grid::tree {

std::string_view name_of(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::added:
      return "added";
    case ChangeKind::removed:
      return "removed";
    case ChangeKind::changed:
      return "changed";
    case ChangeKind::renamed:
      return "renamed";
  }
  return "unknown";
}

namespace {

// Walks a manifest segment by segment, so that whole segments can be skipped unread.
class SegmentWalk {
 public:
  explicit SegmentWalk(std::shared_ptr<const Manifest> manifest) : manifest_(std::move(manifest)) {}

  bool at_end() const { return segment_index_ == manifest_->segments().size(); }
  bool at_segment_start() const { return index_ == 0; }
  const Digest& segment_digest() const { return manifest_->segments()[segment_index_].digest; }

  EntryRef entry() {
    if (!segment_) segment_ = manifest_->segment(segment_index_);
    return {segment_, index_, manifest_->segments()[segment_index_].first + index_};
  }
  void pass_entry() {
    if (++index_ == manifest_->segments()[segment_index_].count) pass_segment();
  }
  void pass_segment() {
    ++segment_index_;
    index_ = 0;
    segment_.reset();
  }

 private:
  std::shared_ptr<const Manifest> manifest_;
  std::size_t segment_index_ = 0;
  std::uint32_t index_ = 0;
  std::shared_ptr<const Segment> segment_;
};

Change change_of(ChangeKind kind, const EntryRef& entry) {
  Change change{.kind = kind, .path = entry.path(), .entry_kind = entry.kind()};
  (kind == ChangeKind::removed ? change.old_size : change.new_size) = entry.size();
  return change;
}

// For entries of the same kind and size.
bool differ_in_content(const EntryRef& older, const EntryRef& newer) {
  if (older.is_in_place() && newer.is_in_place()) return older.object().etag != newer.object().etag;
  if (older.is_in_place() != newer.is_in_place()) return older.mtime_ns() != newer.mtime_ns();
  return older.content() != newer.content();
}

// What two files must have in common to count as one renamed file.
using Identity = std::tuple<Digest, std::uint64_t, bool>;

Identity identity_of(const EntryRef& file) {
  const Digest content =
      file.is_in_place() ? digest_of(as_bytes(file.object().etag)) : file.content().digest;
  return {content, file.size(), file.executable()};
}

class Comparison {
 public:
  void removed(const EntryRef& entry) { note(change_of(ChangeKind::removed, entry), entry); }
  void added(const EntryRef& entry) { note(change_of(ChangeKind::added, entry), entry); }

  void both(const EntryRef& older, const EntryRef& newer) {
    bool content = older.kind() != newer.kind() || older.size() != newer.size() ||
                   differ_in_content(older, newer) || older.target() != newer.target();
    if (!content && older.mtime_ns() == newer.mtime_ns() &&
        older.executable() == newer.executable())
      return;
    changes_.push_back({.kind = ChangeKind::changed,
                        .path = newer.path(),
                        .entry_kind = newer.kind(),
                        .old_size = older.size(),
                        .new_size = newer.size(),
                        .content_changed = content});
  }

  std::vector<Change> finish() {
    join_renamed();
    std::sort(changes_.begin(), changes_.end(),
              [](const Change& a, const Change& b) { return a.path < b.path; });
    return std::move(changes_);
  }

 private:
  void note(Change change, const EntryRef& entry) {
    if (entry.kind() == EntryKind::file && entry.size() > 0) {
      auto& places = change.kind == ChangeKind::removed ? removed_ : added_;
      places[identity_of(entry)].push_back(changes_.size());
    }
    changes_.push_back(std::move(change));
  }

  void join_renamed() {
    std::vector<bool> dropped(changes_.size());
    for (const auto& [identity, removed] : removed_) {
      auto added = added_.find(identity);
      if (added == added_.end()) continue;
      for (std::size_t i = 0; i < std::min(removed.size(), added->second.size()); ++i) {
        const Change& older = changes_[removed[i]];
        Change& newer = changes_[added->second[i]];
        newer.kind = ChangeKind::renamed;
        newer.old_path = older.path;
        newer.old_size = older.old_size;
        dropped[removed[i]] = true;
      }
    }
    std::size_t index = 0;
    std::erase_if(changes_, [&](const Change&) { return dropped[index++]; });
  }

  std::vector<Change> changes_;
  std::map<Identity, std::vector<std::size_t>> removed_, added_;  // indexes in changes_
};

}  // namespace

std::vector<Change> diff(const std::shared_ptr<const Manifest>& older,
                         const std::shared_ptr<const Manifest>& newer) {
  SegmentWalk a(older), b(newer);
  Comparison comparison;
  while (!a.at_end() && !b.at_end()) {
    if (a.at_segment_start() && b.at_segment_start() && a.segment_digest() == b.segment_digest()) {
      a.pass_segment();
      b.pass_segment();
      continue;
    }
    EntryRef in_a = a.entry(), in_b = b.entry();
    int order = compare_keys(in_a.folder(), in_a.name(), in_b.folder(), in_b.name());
    if (order < 0) comparison.removed(in_a);
    if (order > 0) comparison.added(in_b);
    if (order == 0) comparison.both(in_a, in_b);
    if (order <= 0) a.pass_entry();
    if (order >= 0) b.pass_entry();
  }
  for (; !a.at_end(); a.pass_entry()) comparison.removed(a.entry());
  for (; !b.at_end(); b.pass_entry()) comparison.added(b.entry());
  return comparison.finish();
}

}  // namespace grid::tree
