#include "create/same_content.h"

#include <optional>

namespace grid::create {

static bool are_same(const tree::EntryRef& one, const tree::EntryRef& other) {
  if (one.kind() != other.kind() || one.name() != other.name() || one.folder() != other.folder() ||
      one.target() != other.target())
    return false;
  if (one.kind() != tree::EntryKind::file) return true;
  if (one.size() != other.size() || one.executable() != other.executable() || one.is_in_place() ||
      other.is_in_place())
    return false;
  return one.size() == 0 || one.content() == other.content();
}

bool have_same_content(const std::shared_ptr<const tree::Manifest>& one,
                       const std::shared_ptr<const tree::Manifest>& other) {
  if (!(one->totals() == other->totals())) return false;
  tree::EntryCursor left(one, one->subtree("")), right(other, other->subtree(""));
  while (const std::optional<tree::EntryRef> entry = left.next()) {
    const std::optional<tree::EntryRef> beside = right.next();
    if (!beside || !are_same(*entry, *beside)) return false;
  }
  return !right.next();
}

}  // namespace grid::create
