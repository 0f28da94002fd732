#include "care/selection.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace grid::care {

using tree::EntryRange;
using tree::EntryRef;

Selection Selection::all_of(std::shared_ptr<const tree::Manifest> manifest, std::string_view path) {
  const EntryRange range = manifest->subtree(path);
  return {std::move(manifest), {range}};
}

Selection Selection::some_of(std::shared_ptr<const tree::Manifest> manifest,
                             const std::vector<std::string>& paths) {
  std::vector<EntryRange> ranges;
  for (const std::string& path : paths) {
    const std::optional<EntryRef> entry = manifest->find_path(path);
    if (!entry) fail(ErrorKind::not_found, "there is no {}", to_utf8(path));
    ranges.push_back({entry->ordinal(), 1});
    if (entry->kind() == tree::EntryKind::folder) ranges.push_back(manifest->subtree(path));
  }
  std::sort(ranges.begin(), ranges.end(), [](const EntryRange& a, const EntryRange& b) {
    return std::pair(a.first, a.count) < std::pair(b.first, b.count);
  });
  std::vector<EntryRange> joined;
  for (const EntryRange& range : ranges) {
    const std::uint64_t end = joined.empty() ? 0 : joined.back().first + joined.back().count;
    if (joined.empty() || range.first > end)
      joined.push_back(range);
    else
      joined.back().count = std::max(end, range.first + range.count) - joined.back().first;
  }
  return {std::move(manifest), std::move(joined)};
}

bool Selection::has(const EntryRef& entry) const {
  const auto after = std::upper_bound(
      ranges_.begin(), ranges_.end(), entry.ordinal(),
      [](std::uint64_t ordinal, const EntryRange& range) { return ordinal < range.first; });
  return after != ranges_.begin() &&
         entry.ordinal() < std::prev(after)->first + std::prev(after)->count;
}

std::optional<EntryRef> SelectionCursor::next() {
  for (;;) {
    if (entries_)
      if (std::optional<EntryRef> entry = entries_->next()) return entry;
    if (at_ == selection_.ranges().size()) return std::nullopt;
    entries_.emplace(selection_.manifest(), selection_.ranges()[at_++]);
  }
}

}  // namespace grid::care
