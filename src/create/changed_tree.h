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

// What is to be changed.
struct TreeChanges {
  std::shared_ptr<const tree::Manifest> base;
  std::string base_name;                  // for messages: "cats:3"
  std::vector<tree::EntryRange> removed;  // of the base's entries; sorted, apart from each other
};

// The entries of `base` that patterns mean, as TreeChanges wants them. A pattern is the path of an
// entry, with '*', '?', '[…]' and, for any number of folders, '**'; with a folder goes all below
// it. Throws `not_found` for a pattern that means nothing.
std::vector<tree::EntryRange> find_removed(const tree::Manifest& base, const std::string& base_name,
                                           const std::vector<std::string>& patterns);

// Not thread-safe.
class ChangedTree {
 public:
  // The writer is empty, and outlives this.
  ChangedTree(TreeChanges changes, tree::ManifestWriter& writer);

  // An entry to be added, in tree order: it takes the place of one of the same path that is not a
  // folder. `implied`: a folder that is only there for what is below it. Throws `already_exists`
  // if one of the two is a folder and the other is not.
  void add(tree::Entry entry, bool implied);

  // Writes what is left of the base. Adds the base's files with several names to `link_counts`.
  void finish(std::map<std::string, std::uint32_t>& link_counts);

 private:
  // The names of a file whose first one is gone.
  struct Group {
    tree::Entry file;
    std::string first;  // of those that are left; empty until it comes by
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
  std::size_t segment_index_ = 0;                 // that holds next_
  std::shared_ptr<const tree::Segment> segment_;  // if it was opened
  tree::TreeTotals visited_;  // of the base's entries outside what was taken over

  std::map<std::string, std::uint32_t> link_counts_;                   // by the first name
  std::unordered_map<std::string, Group> groups_;                      // by the name that is gone
  std::unordered_map<std::string, std::vector<std::uint64_t>> links_;  // of the base, by target
  bool links_found_ = false;
  std::set<std::uint64_t> touched_;  // ordinals of links whose target changes
};

}  // namespace grid::create
