// A version's tree with changes, written in time that grows with the changes.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "tree/manifest.h"
#include "tree/manifest_writer.h"

namespace grid::create {

// The changes to make to a base.
struct TreeChanges {
  std::shared_ptr<const tree::Manifest> base;
  std::string base_name;                       // for messages: "cats:3"
  std::vector<tree::EntryRange> removed;       // of the base's entries; sorted, with gaps between
  std::optional<std::int64_t> top_mtime_ns{};  // see dataset::VersionRecord
};

// The entries of `base` that match the patterns, in the form of TreeChanges::removed. A pattern is
// the path of an entry, with '*', '?', '[…]' and, for any number of folders, '**'; a folder goes
// with everything below it. Throws `not_found` for a pattern that matches nothing.
std::vector<tree::EntryRange> find_removed(const tree::Manifest& base, const std::string& base_name,
                                           const std::vector<std::string>& patterns);

// Not thread-safe.
class ChangedTree {
 public:
  // The writer must be empty, and must outlive this.
  ChangedTree(TreeChanges changes, tree::ManifestWriter& writer);

  // Adds an entry, in tree order. It replaces the base's entry of the same path; what the base has
  // below a folder stays. `implied`: a folder that only the paths below it name. Throws
  // `already_exists` if one of the two is a folder and the other is not.
  void add(tree::Entry entry, bool implied);

  // Writes the rest of the base. Adds the base's files with several names to `link_counts`.
  void finish(std::map<std::string, std::uint32_t>& link_counts);

 private:
  // The names of a file whose first name is removed.
  struct Group {
    tree::Entry file;
    std::string first;  // of the remaining names; empty until it is reached
  };

  void advance(const tree::Entry* limit);
  bool can_take_over(std::size_t segment, const tree::Entry* limit) const;
  bool is_removed(std::uint64_t ordinal) const;
  tree::EntryRef current();
  void keep(const tree::EntryRef& ref);
  void drop(const tree::EntryRef& ref);
  void find_links();

  const TreeChanges changes_;
  const tree::Manifest& base_;
  tree::ManifestWriter& writer_;
  std::uint64_t next_ = 0;                        // ordinal in the base
  std::size_t segment_index_ = 0;                 // of the segment that holds next_
  std::shared_ptr<const tree::Segment> segment_;  // null until opened
  tree::TreeTotals visited_;  // of the base's entries outside the segments that were taken over

  std::map<std::string, std::uint32_t> link_counts_;                   // by the first name
  std::unordered_map<std::string, Group> groups_;                      // by the removed name
  std::unordered_map<std::string, std::vector<std::uint64_t>> links_;  // of the base, by target
  bool links_found_ = false;
  std::set<std::uint64_t> touched_;  // ordinals of links whose target changes
};

}  // namespace grid::create
