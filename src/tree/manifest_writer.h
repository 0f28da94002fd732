// Writes a version's tree: entries in, the root's digest out.
#pragma once

#include <vector>

#include "store/chunk_session.h"
#include "tree/entries.h"
#include "tree/manifest.h"
#include "tree/root.h"

namespace grid::tree {

// Holds one segment at a time. The same entries always give the same root.
class ManifestWriter {
 public:
  // Stores segments and root through `writer`, which must outlive this object.
  explicit ManifestWriter(store::ChunkWriter& writer) : writer_(writer) {}

  // Entries come in tree order, each key once. A folder's entry comes before its content. Throws
  // for an entry that no tree can have (`unsupported`) or that breaks the order (`already_exists`,
  // `corrupt`).
  void add(Entry entry);

  // Whether no segment is open, so that the next entry begins one.
  bool at_segment_start() const { return entries_.empty(); }
  // Appends a whole stored segment of another tree; of the totals, counts only its entries. It must
  // begin where a segment begins here, and end where a segment ends by its entries or with the
  // tree.
  void take_over(const Manifest::SegmentEntry& segment);
  // Adds the totals that take_over() could not count.
  void add_totals(const TreeTotals& totals);

  // The files with several names, sorted by path; call finish() next.
  void set_link_counts(std::vector<std::pair<std::string, std::uint32_t>> counts) {
    root_.link_counts = std::move(counts);
  }
  // Throws `corrupt` for counts that cannot be true.
  Digest finish();

  const TreeTotals& totals() const { return root_.totals; }

 private:
  void check_order(const Entry& entry) const;
  void end_segment();

  store::ChunkWriter& writer_;
  ManifestRoot root_;
  std::vector<Entry> entries_;  // of the open segment
};

}  // namespace grid::tree
