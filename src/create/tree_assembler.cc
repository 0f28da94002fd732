#include "create/tree_assembler.h"

#include "base/error.h"
#include "base/text.h"

namespace grid::create {

// Beyond this many, folders are forgotten and may be added to the sorter again.
static constexpr std::size_t folders_max = 64 << 10;

static bool path_before(const std::string& a, const std::string& b) {
  auto [folder_a, name_a] = split_path(a);
  auto [folder_b, name_b] = split_path(b);
  return tree::compare_keys(folder_a, name_a, folder_b, name_b) < 0;
}

void TreeAssembler::add(source::SourceEntry added, bool settled) {
  tree::Entry& entry = added.entry;
  if (order_ == source::SourceOrder::tree) {
    if (entry.kind == tree::EntryKind::hard_link)
      ++link_counts_.try_emplace(entry.target, 1).first->second;
    put(std::move(entry), {.implied = added.implied, .file = mark_of(added.state, settled)});
    return;
  }
  if (entry.kind == tree::EntryKind::hard_link) note_link(entry);
  add_folders_above(entry);
  if (added.implied) entry.target = entry.path();
  sorter_.add(entry, {.implied = added.implied, .file = mark_of(added.state, settled)});
}

void TreeAssembler::put(tree::Entry entry, const EntryMark& mark) {
  scan_record_.add(mark.file);
  if (changed_)
    changed_->add(std::move(entry), mark.implied);
  else
    manifest_.add(std::move(entry));
}

// A link may name another link: what counts is the file that they lead to.
void TreeAssembler::note_link(tree::Entry& link) {
  auto known = file_of_link_.find(link.target);
  if (known != file_of_link_.end()) link.target = known->second;
  std::string path = link.path();
  file_of_link_[path] = link.target;
  LinkGroup& group =
      groups_.try_emplace(link.target, LinkGroup{.first = link.target}).first->second;
  ++group.count;
  if (path_before(path, group.first)) group.first = std::move(path);
}

// The order in which they are added decides only which of two conflicting paths a message names.
void TreeAssembler::add_folders_above(const tree::Entry& entry) {
  for (std::string folder = entry.folder; !folder.empty() && folders_.insert(folder).second;) {
    tree::Entry above{.kind = tree::EntryKind::folder};
    std::tie(above.folder, above.name) = split_path(folder);
    above.target = entry.path();  // for the message, if something else has this path
    sorter_.add(above, {.implied = true});
    folder = above.folder;
  }
  if (folders_.size() > folders_max) folders_.clear();
}

// What a hard link may lead to.
static bool can_have_names(tree::EntryKind kind) {
  return kind == tree::EntryKind::file || kind == tree::EntryKind::symlink;
}

// If the first name of a group is a link in the source, its file is needed before it is reached.
void TreeAssembler::find_files_of_groups() {
  bool needed = false;
  for (const auto& [path, group] : groups_) needed = needed || group.first != path;
  if (!needed) return;
  EntrySorter::Cursor cursor = sorter_.sorted();
  while (std::optional<EntrySorter::Sorted> sorted = cursor.next()) {
    if (!can_have_names(sorted->entry.kind)) continue;
    auto group = groups_.find(sorted->entry.path());
    if (group != groups_.end()) group->second.file = std::move(sorted->entry);
  }
}

void TreeAssembler::write(tree::Entry entry, const EntryMark& mark) {
  if (groups_.empty()) {
    put(std::move(entry), mark);
    return;
  }
  std::string path = entry.path();
  const bool is_link = entry.kind == tree::EntryKind::hard_link;
  auto at = groups_.end();
  if (is_link || can_have_names(entry.kind)) at = groups_.find(is_link ? entry.target : path);
  if (at == groups_.end()) {
    put(std::move(entry), mark);
    return;
  }
  LinkGroup& group = at->second;
  if (!is_link && !group.file) group.file = entry;
  if (!group.file)
    fail(ErrorKind::unsupported, "{}: is a hard link to {}, which is not in the source", path,
         entry.target);
  tree::Entry written = *group.file;
  written.folder = entry.folder;
  written.name = entry.name;
  if (written.kind == tree::EntryKind::symlink) {
    put(std::move(written), {});  // a tree has no second names of links: each is a link
    return;
  }
  if (path == group.first) {
    link_counts_[path] = group.count;
  } else {
    written.kind = tree::EntryKind::hard_link;
    written.executable = false;
    written.content = {};
    written.object = {};
    written.target = group.first;
    written.size = written.target.size();
  }
  put(std::move(written), {});
}

// Writes one entry for each path, chosen among all entries of that path.
void TreeAssembler::write_sorted() {
  EntrySorter::Cursor cursor = sorter_.sorted();
  std::optional<EntrySorter::Sorted> next = cursor.next();
  while (next) {
    EntrySorter::Sorted current = std::move(*next);
    while ((next = cursor.next()) && next->entry.name == current.entry.name &&
           next->entry.folder == current.entry.folder) {
      bool folders = current.entry.kind == tree::EntryKind::folder &&
                     next->entry.kind == tree::EntryKind::folder;
      if (folders && next->mark.implied) continue;
      if (folders || (current.mark.implied && next->mark.implied)) {
        current = std::move(*next);  // if both have a time of change, the later entry
        continue;
      }
      for (const auto& [one, other] : {std::pair(&current, &*next), std::pair(&*next, &current)})
        if (one->mark.implied)
          fail(ErrorKind::unsupported, "{}: its path leads through {}, which is a {} there",
               one->entry.target, other->entry.path(), name_of(other->entry.kind));
      fail(ErrorKind::already_exists, "{}: is in the source twice", current.entry.path());
    }
    if (current.mark.implied) current.entry.target.clear();
    write(std::move(current.entry), current.mark);
  }
}

std::optional<Digest> TreeAssembler::finish() {
  if (order_ == source::SourceOrder::any) {
    find_files_of_groups();
    write_sorted();
  }
  if (changed_) changed_->finish(link_counts_);
  // Nothing is stored for an empty tree, not even a root.
  if (manifest_.totals().entries == 0) return std::nullopt;
  manifest_.set_link_counts({link_counts_.begin(), link_counts_.end()});
  return manifest_.finish();
}

}  // namespace grid::create
