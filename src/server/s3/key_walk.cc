// S3 sorts keys as bytes, with '/' as a byte like any other; a tree is sorted by folder, and in a
// folder by name. The folder `a` has the keys "a/…", and so comes where the name "a/" would come:
//
//     tree      a (folder)   a-b        a.txt      a0
//     keys      a-b          a.txt      a/x  a/y   a0
//
// So in each folder entries are read in order of their names, and a folder waits until no entry is
// left whose name begins with its own and goes on with a byte below '/'. While it waits, further
// such folders can come, each before all that wait already: they make a stack, with the next one on
// top. An entry that does not come before the top comes after it, as do all entries behind that
// entry, so that the top's turn has come. Each entry is read once, and the stack holds at most as
// many folders as a name has bytes.
//
// To go to a key, the walk enters the folders on the key's path and in each starts at the first
// name that is not before the rest of the key. The folders before it whose own keys come later are
// those that were waiting there: their names are beginnings of the rest, up to a byte below '/'.
#include "server/s3/key_walk.h"

#include "server/s3/linked_file.h"

namespace grid::server::s3 {

using tree::EntryKind;
using tree::EntryRef;

KeyWalk::KeyWalk(std::shared_ptr<const tree::Manifest> manifest) : manifest_(std::move(manifest)) {
  seek("");
}

// The entries of a folder whose names, as bytes, do not come before `name`.
static tree::EntryRange children_from(const tree::Manifest& manifest, const std::string& folder,
                                      std::string_view name) {
  tree::EntryRange range = manifest.children(folder);
  if (name.empty()) return range;
  const std::uint64_t end = range.first + range.count;
  for (std::uint64_t count = range.count; count > 0;) {
    const std::uint64_t half = count / 2;
    if (manifest.at(range.first + half).name() < name) {
      range.first += half + 1;
      count -= half + 1;
    } else {
      count = half;
    }
  }
  return {range.first, end - range.first};
}

KeyWalk::Level KeyWalk::level_of(std::string folder, std::string_view name) const {
  tree::EntryCursor entries(manifest_, children_from(*manifest_, folder, name));
  return {std::move(folder), std::move(entries)};
}

static bool is_below_slash(char c) { return static_cast<unsigned char>(c) < '/'; }

void KeyWalk::seek(std::string_view key) {
  levels_.clear();
  std::string folder;
  for (std::string_view rest = key;;) {
    Level& level = levels_.emplace_back(level_of(folder, rest));
    const std::size_t slash = rest.find('/');
    const auto find_folder = [&](std::size_t name_size) {
      std::optional<EntryRef> found = manifest_->find(folder, rest.substr(0, name_size));
      return found && found->kind() == EntryKind::folder ? found : std::nullopt;
    };
    for (std::size_t i = 1; i < std::min(slash, rest.size()); ++i)
      if (is_below_slash(rest[i]))
        if (const auto before = find_folder(i)) level.waiting.push_back(*before);
    const auto on_path = slash == rest.npos ? std::nullopt : find_folder(slash);
    if (!on_path) return;
    rest.remove_prefix(slash + 1);
    if (rest.empty()) {
      level.waiting.push_back(*on_path);
      return;
    }
    folder = on_path->path();
  }
}

std::optional<WalkedKey> KeyWalk::next() {
  const auto comes_before = [](const EntryRef& entry, const EntryRef& folder) {
    const std::string_view name = entry.name(), begin = folder.name();
    return name.size() > begin.size() && name.starts_with(begin) &&
           is_below_slash(name[begin.size()]);
  };
  while (!levels_.empty()) {
    Level& level = levels_.back();
    if (!level.ahead) level.ahead = level.entries.next();
    if (level.ahead &&
        (level.waiting.empty() || comes_before(*level.ahead, level.waiting.back()))) {
      const EntryRef entry = *std::exchange(level.ahead, std::nullopt);
      if (entry.kind() == EntryKind::folder)
        level.waiting.push_back(entry);
      else if (std::optional<EntryRef> file = find_linked_file(*manifest_, entry))
        return WalkedKey{entry.path(), *std::move(file)};
    } else if (!level.waiting.empty()) {
      const EntryRef folder = level.waiting.back();
      level.waiting.pop_back();
      std::string path = folder.path();
      if (manifest_->children(path).count == 0) return WalkedKey{path + "/", folder};
      levels_.push_back(level_of(std::move(path), ""));
    } else {
      levels_.pop_back();
    }
  }
  return std::nullopt;
}

}  // namespace grid::server::s3
