#include "create/second_reading.h"

#include "base/error.h"
#include "create/create.h"
#include "create/scan_record.h"

namespace grid::create {

static bool are_alike(const tree::EntryRef& a, const tree::EntryRef& b) {
  if (a.folder() != b.folder() || a.name() != b.name() || a.kind() != b.kind()) return false;
  if (a.kind() == tree::EntryKind::symlink || a.kind() == tree::EntryKind::hard_link)
    return a.target() == b.target();
  if (a.kind() != tree::EntryKind::file) return true;
  if (a.size() != b.size() || a.is_in_place() != b.is_in_place()) return false;
  return a.is_in_place() ? a.object() == b.object() : a.size() == 0 || a.content() == b.content();
}

// The path of the first entry that only one of them has, or that differs.
static std::optional<std::string> find_difference(const dataset::OpenStore& store,
                                                  const Digest& first, const Digest& second) {
  const auto open = [&](const Digest& root) {
    const auto manifest = tree::Manifest::open(store.chunks, store.segments, root);
    return tree::EntryCursor(manifest, manifest->subtree(""));
  };
  tree::EntryCursor before = open(first), after = open(second);
  for (;;) {
    const std::optional<tree::EntryRef> a = before.next(), b = after.next();
    if (!a && !b) return std::nullopt;
    if (!a || !b || !are_alike(*a, *b)) return (a ? *a : *b).path();
  }
}

void read_again(const dataset::OpenStore& store, const ImportOptions& options,
                source::Source& source, const Digest& root, std::string_view source_name) {
  ScanRecordWriter nowhere{std::filesystem::path()};
  CreateProgress unseen;
  const Import again = import_tree(*store.chunks, options, source, {}, nowhere, unseen);
  if (again.root == root) return;
  const std::optional<std::string> path =
      again.totals.entries == 0 ? "" : find_difference(store, root, again.root);
  if (!path) return;
  fail(ErrorKind::changed,
       "{}: {}was not the same when it was read again: it has changed meanwhile, or was damaged on "
       "its way or in this machine's memory; nothing was published; try again",
       source_name, path->empty() ? "" : *path + ": ");
}

}  // namespace grid::create
