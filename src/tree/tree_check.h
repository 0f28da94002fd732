// Checks the rules of a whole tree, which no segment shows by itself.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tree/manifest.h"

namespace grid::tree {

// That every folder has an entry, that hard links lead to files, that the root's counts are true.
// A tree all of whose segments were opened and in which this finds nothing is valid. Not
// thread-safe.
class TreeCheck {
 public:
  // A rule that is broken, with the path that breaks it; empty: the root.
  using Report = std::function<void(std::string path, std::string reason)>;

  // Looks up the files that have several names.
  TreeCheck(std::shared_ptr<const Manifest> manifest, Report report);

  // Call this for each segment, in order.
  void add(const std::shared_ptr<const Segment>& segment);
  // Call this instead for a segment that cannot be read. What depends on it is not judged.
  void add_lost() { lost_ = true; }
  void finish();

 private:
  enum class State : std::uint8_t { file, other, unknown };
  struct Names {
    State state = State::file;
    std::uint32_t links = 0;  // found so far
  };

  State look_up(std::string_view path, std::string& reason) const;
  void check_folder(std::string_view folder);
  void check_link(const EntryRef& link);
  void count(const EntryRef& entry);
  void compare(std::string_view what, std::uint64_t said, std::uint64_t found);

  const std::shared_ptr<const Manifest> manifest_;
  const Report report_;
  std::vector<Names> names_;  // in the order of the manifest's link counts
  std::string folder_;        // the last one that was checked
  TreeTotals found_;
  bool overflow_ = false;  // of found_.bytes
  bool lost_ = false;
};

}  // namespace grid::tree
