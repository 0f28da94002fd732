// Reads a version's tree: a sorted table of entries, in segments that are chunks, under one root.
// docs/format.md defines the bytes. A lookup reads one segment; nothing holds all segments at once.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/chunk_reader.h"
#include "tree/entries.h"
#include "tree/segment.h"

namespace grid::tree {

// One entry, read in place in its segment, which it keeps alive. Cheap to copy.
class EntryRef {
 public:
  EntryRef(std::shared_ptr<const Segment> segment, std::uint32_t index, std::uint64_t ordinal)
      : segment_(std::move(segment)), index_(index), ordinal_(ordinal) {}

  std::uint64_t ordinal() const { return ordinal_; }  // place in the whole tree, from 0
  EntryKind kind() const { return segment_->kind(index_); }
  std::string_view folder() const { return segment_->folder(index_); }
  std::string_view name() const { return segment_->name(index_); }
  std::string_view target() const { return segment_->target(index_); }
  std::uint64_t size() const { return segment_->size(index_); }
  std::int64_t mtime_ns() const { return segment_->mtime_ns(index_); }
  bool executable() const { return segment_->executable(index_); }
  bool is_in_place() const { return segment_->is_in_place(index_); }
  Content content() const { return segment_->content(index_); }
  ObjectRef object() const { return segment_->object(index_); }  // see Segment
  std::string path() const;
  Entry to_entry() const;

 private:
  std::shared_ptr<const Segment> segment_;
  std::uint32_t index_;
  std::uint64_t ordinal_;
};

// A run of entries by ordinal: [first, first + count).
struct EntryRange {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};

struct TreeTotals {
  std::uint64_t entries = 0;
  std::uint64_t files = 0;    // hard links included
  std::uint64_t folders = 0;  // the top not counted
  std::uint64_t symlinks = 0;
  std::uint64_t bytes = 0;                               // of files; hard links add nothing
  std::uint64_t files_in_place = 0, bytes_in_place = 0;  // included in the other counts

  void add(EntryKind kind, std::uint64_t size, bool in_place);
  bool operator==(const TreeTotals&) const = default;
};

// Thread-safe and immutable. Throws `corrupt` for bytes that are not a manifest.
class Manifest {
 public:
  // Reads only the root. Many manifests may share `segments`.
  static std::shared_ptr<const Manifest> open(std::shared_ptr<const store::ChunkReader> chunks,
                                              std::shared_ptr<SegmentCache> segments,
                                              const Digest& root);

  const Digest& root_digest() const { return root_digest_; }
  const TreeTotals& totals() const { return totals_; }

  // The entry at a place; `ordinal` < totals().entries.
  EntryRef at(std::uint64_t ordinal) const;

  // The entry called `name` in the folder `folder`.
  std::optional<EntryRef> find(std::string_view folder, std::string_view name) const;

  // The entry at "a/b/c"; empty for "" (the top is no entry) and for paths that do not exist.
  std::optional<EntryRef> find_path(std::string_view path) const;

  // The entries directly in a folder; empty if it has none or does not exist.
  EntryRange children(std::string_view folder) const;
  // Everything below a folder, at any depth ("" is the whole tree).
  EntryRange subtree(std::string_view folder) const;

  // How many names in this tree a file has: 1 unless it is hard-linked. `entry` is a file.
  std::uint32_t link_count(const EntryRef& entry) const;
  // All files with several names, sorted by path, with their number of names.
  const std::vector<std::pair<std::string, std::uint32_t>>& link_counts() const {
    return link_counts_;
  }

  // For comparing versions: segments in order; equal digests mean equal entries.
  struct SegmentEntry {
    Digest digest;
    std::uint64_t first = 0;  // ordinal of its first entry
    std::uint32_t count = 0;  // of entries
    std::uint32_t size = 0;   // bytes of the segment, uncompressed
    std::string first_folder, first_name;
  };
  const std::vector<SegmentEntry>& segments() const { return segments_; }
  // Throws `corrupt` unless the segment is what the root says: so all entries that a manifest gives
  // are in tree order, each key once.
  std::shared_ptr<const Segment> segment(std::size_t index) const;

 private:
  Manifest() = default;
  std::uint64_t lower_bound(std::string_view folder, std::string_view name) const;
  void check_segment(std::size_t index, const Segment& segment) const;

  std::shared_ptr<const store::ChunkReader> chunks_;
  std::shared_ptr<SegmentCache> cache_;
  Digest root_digest_;
  TreeTotals totals_;
  std::vector<SegmentEntry> segments_;
  // Of each segment, whether it was found to be what the root says.
  mutable std::vector<std::atomic<bool>> checked_;
  std::vector<std::pair<std::string, std::uint32_t>> link_counts_;  // by path, sorted; counts ≥ 2
};

// Walks a range in order, holding one segment at a time.
class EntryCursor {
 public:
  EntryCursor(std::shared_ptr<const Manifest> manifest, EntryRange range)
      : manifest_(std::move(manifest)), next_(range.first), end_(range.first + range.count) {}

  // The next entry, or empty at the end.
  std::optional<EntryRef> next();

 private:
  std::shared_ptr<const Manifest> manifest_;
  std::uint64_t next_, end_;
  std::shared_ptr<const Segment> segment_;
  std::size_t segment_index_ = 0;
  std::uint64_t segment_first_ = 0;
};

}  // namespace grid::tree
