#include "tree/rules.h"

#include <cstring>

#include "store/pack.h"

namespace grid::tree {

bool is_valid_path(std::string_view path) {
  for (;;) {
    const std::size_t slash = path.find('/');
    if (!is_valid_name(path.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

bool is_valid_folder(std::string_view path) { return path.empty() || is_valid_path(path); }

EntryFields fields_of(const Entry& entry) {
  EntryFields fields{.folder = entry.folder,
                     .name = entry.name,
                     .kind = entry.kind,
                     .executable = entry.executable,
                     .size = entry.size,
                     .digest = entry.content.digest.bytes.data(),
                     .depth = entry.content.depth,
                     .target = entry.target,
                     .object = {}};
  if (entry.is_in_place()) fields.object = source::fields_of(entry.object);
  return fields;
}

static bool is_digest(const std::byte* bytes, const Digest& digest) {
  return std::memcmp(bytes, digest.bytes.data(), sizeof(Digest)) == 0;
}

static std::string_view why_file_is_refused(const EntryFields& file) {
  static const Digest empty = digest_of({});
  if (file.size > file_size_max) return too_large_text;
  if (file.object) return why_object_is_refused(*file.object);
  if (file.depth > content_depth_max) return "has a content of unknown depth";
  if (file.size == 0 && (file.depth != 0 || !is_digest(file.digest, empty)))
    return "is empty, but its content is not";
  if (file.depth == 0 && file.size > store::frame_size_max)
    return "is larger than a chunk, but has one";
  return {};
}

// Whether the path is that of the entry itself.
static bool is_own_path(const EntryFields& entry, std::string_view path) {
  if (!path.ends_with(entry.name)) return false;
  path.remove_suffix(entry.name.size());
  if (entry.folder.empty()) return path.empty();
  return path.size() == entry.folder.size() + 1 && path.starts_with(entry.folder);
}

std::string_view why_entry_is_refused(const EntryFields& entry) {
  static constexpr Digest none{};
  if (!is_valid_name(entry.name)) return "has an invalid name";
  if (entry.kind == EntryKind::file) return why_file_is_refused(entry);
  if (entry.executable) return "is executable, but no file";
  if (entry.object || entry.depth != 0 || !is_digest(entry.digest, none))
    return "has a content, but is no file";
  switch (entry.kind) {
    case EntryKind::folder:
      return entry.size == 0 ? "" : "has a size, but is a folder";
    case EntryKind::symlink:
      if (entry.target.empty()) return "is a symbolic link to nowhere: its target is empty";
      if (entry.target.find('\0') != std::string_view::npos)
        return "is a symbolic link whose target has a zero byte in it";
      return {};
    case EntryKind::hard_link:
      if (!is_valid_path(entry.target)) return "is a hard link to what cannot be a path";
      if (is_own_path(entry, entry.target)) return "is a hard link to itself";
      return {};
    case EntryKind::file:
      break;
  }
  return "is of an unknown kind";
}

}  // namespace grid::tree
