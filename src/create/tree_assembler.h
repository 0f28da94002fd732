// Puts finished entries together to a stored tree.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "create/changed_tree.h"
#include "create/entry_sorter.h"
#include "create/scan_record.h"
#include "source/source.h"
#include "tree/manifest_writer.h"

namespace grid::create {

// Not thread-safe.
class TreeAssembler {
 public:
  struct Options {
    source::SourceOrder order = source::SourceOrder::tree;
    EntrySorter::Options sorter;
    std::optional<TreeChanges> changes;  // the entries are changes to a base
  };

  // Both must outlive the assembler. With changes, `scan_record` must be one that writes nothing:
  // the entries are not the whole tree then.
  TreeAssembler(Options options, store::ChunkWriter& writer, ScanRecordWriter& scan_record)
      : order_(options.order),
        scan_record_(scan_record),
        manifest_(writer),
        sorter_(std::move(options.sorter)) {
    if (options.changes) changed_.emplace(std::move(*options.changes), manifest_);
  }

  // Adds an entry with its content, in the source's order.
  void add(source::SourceEntry entry, bool settled);

  // Stores the tree and returns its root; empty if there are no entries. Throws `already_exists`
  // for a path that is in the source twice, `unsupported` for one that leads through something
  // other than a folder and for a hard link to a file that is not in the source.
  std::optional<Digest> finish();

  const tree::TreeTotals& totals() const { return manifest_.totals(); }

 private:
  // A file, or a symbolic link, and its other names, in a source of any order.
  struct LinkGroup {
    std::string first;                // the one that comes first in the tree
    std::uint32_t count = 1;          // names
    std::optional<tree::Entry> file;  // as the source has it
  };

  void note_link(tree::Entry& link);
  void add_folders_above(const tree::Entry& entry);
  void find_files_of_groups();
  void write_sorted();
  void write(tree::Entry entry, const EntryMark& mark);
  void put(tree::Entry entry, const EntryMark& mark);

  const source::SourceOrder order_;
  ScanRecordWriter& scan_record_;
  tree::ManifestWriter manifest_;
  std::optional<ChangedTree> changed_;
  std::map<std::string, std::uint32_t> link_counts_;

  // For a source in any order.
  EntrySorter sorter_;
  std::unordered_set<std::string> folders_;            // most of those in the sorter
  std::unordered_map<std::string, LinkGroup> groups_;  // by the name that the source has as a file
  std::unordered_map<std::string, std::string> file_of_link_;
};

}  // namespace grid::create
