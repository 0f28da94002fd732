// Writing a version's tree: entries in, the root's digest out.
#pragma once

#include <vector>

#include "store/chunk_session.h"
#include "tree/entries.h"
#include "tree/manifest.h"
#include "tree/root.h"

namespace grid::tree {

// Holds one segment at a time. The same entries give the same root, whoever writes them when.
class ManifestWriter {
 public:
  // Segments and root are stored through `writer`, which outlives this.
  explicit ManifestWriter(store::ChunkWriter& writer) : writer_(writer) {}

  // Entries come in tree order, each key once. A folder's entry comes before its content.
  void add(Entry entry);

  // Whether no segment is open: the next entry begins one.
  bool at_segment_start() const { return entries_.empty(); }
  // Puts a stored segment of another tree next, whole, and of the totals counts its entries alone.
  // It must begin where one begins here, and end as its entries say or with the tree.
  void take_over(const Manifest::SegmentEntry& segment);
  // What take_over() could not count.
  void add_totals(const TreeTotals& totals);

  // The files with several names, sorted by path; `finish` comes next.
  void set_link_counts(std::vector<std::pair<std::string, std::uint32_t>> counts) {
    root_.link_counts = std::move(counts);
  }
  Digest finish();

  const TreeTotals& totals() const { return root_.totals; }

 private:
  void end_segment();

  store::ChunkWriter& writer_;
  ManifestRoot root_;
  std::vector<Entry> entries_;  // of the open segment
};

}  // namespace grid::tree
