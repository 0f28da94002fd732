// Some of a version's entries: what a person picks to be copied together.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tree/manifest.h"

namespace grid::care {

// Ranges of entries in tree order, none twice. Immutable.
class Selection {
 public:
  // Everything below the folder at `path`; "" is the whole version.
  static Selection all_of(std::shared_ptr<const tree::Manifest> manifest, std::string_view path);
  // The entries at `paths`, which are canonical, each with all that is below it. Throws `not_found`
  // for a path that the version does not have.
  static Selection some_of(std::shared_ptr<const tree::Manifest> manifest,
                           const std::vector<std::string>& paths);

  const std::shared_ptr<const tree::Manifest>& manifest() const { return manifest_; }
  const std::vector<tree::EntryRange>& ranges() const { return ranges_; }
  bool has(const tree::EntryRef& entry) const;

 private:
  Selection(std::shared_ptr<const tree::Manifest> manifest, std::vector<tree::EntryRange> ranges)
      : manifest_(std::move(manifest)), ranges_(std::move(ranges)) {}

  std::shared_ptr<const tree::Manifest> manifest_;
  std::vector<tree::EntryRange> ranges_;  // in order; each begins behind the end of the one before
};

// Walks over a selection, which outlives it, in tree order.
class SelectionCursor {
 public:
  explicit SelectionCursor(const Selection& selection) : selection_(selection) {}

  std::optional<tree::EntryRef> next();  // empty at the end

 private:
  const Selection& selection_;
  std::size_t at_ = 0;  // the range that comes next
  std::optional<tree::EntryCursor> entries_;
};

}  // namespace grid::care
