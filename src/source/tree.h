// A version's tree as values: what is kept of every file, folder and link, and in what order.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/digest.h"

namespace grid::source {

enum class EntryKind : std::uint8_t {
  file = 1,
  folder = 2,
  symlink = 3,
  hard_link = 4,  // another name of a file of the tree
};

std::string_view name_of(EntryKind kind);

// Names a file's bytes. depth 0: `digest` is that of the bytes themselves. depth n: that of a list
// of the contents of depth n-1 which make up the file, in order. depth in_place: the file is in
// place, and the digest is that of its object ref and size: equal if those are equal.
struct Content {
  static constexpr std::uint8_t in_place = 255;

  Digest digest;
  std::uint8_t depth = 0;

  bool operator==(const Content&) const = default;
};

// The object of a bucket that a file in place refers to, in the state in which the version knows
// it. Its size is the file's.
struct ObjectRef {
  std::string bucket;
  std::string key;
  std::string etag;        // as a listing gives it
  std::string version_id;  // in a bucket that keeps versions, if known

  bool operator==(const ObjectRef&) const = default;
};

// What is said of an object, by a listing or by a stored tree; its key may come in two parts.
struct ObjectFields {
  std::string_view bucket, key_begin, etag, version_id;
  std::size_t key_size = 0;  // of the whole key
};
inline ObjectFields fields_of(const ObjectRef& object) {
  return {object.bucket, object.key, object.etag, object.version_id, object.key.size()};
}

// Why no file in place can refer to this object; empty if one can. ETag and version id become parts
// of requests as they are: only visible ASCII is let through. Keys are encoded there, so that they
// may have any byte but NUL.
std::string_view why_object_is_refused(const ObjectFields& object);
// The rule for ETags alone: with quotes around it or, as some servers list it, none.
bool is_valid_etag(std::string_view etag);

// The content of a file in place with this object.
Content content_in_place(const ObjectRef& object, std::uint64_t size);

struct Entry {
  std::string folder;  // path of the folder that holds it, "" for the top, "a/b" below
  std::string name;    // any bytes but '/' and NUL; not empty, "." or ".."
  EntryKind kind = EntryKind::file;
  bool executable = false;    // files: anyone may execute it
  std::uint64_t size = 0;     // files: bytes; links: length of the target
  std::int64_t mtime_ns = 0;  // since 1970-01-01 UTC
  Content content;            // files
  std::string target;         // symlinks: verbatim; hard links: path of the first name
  ObjectRef object;           // files in place

  bool operator==(const Entry&) const = default;
  bool is_in_place() const { return content.depth == Content::in_place; }
  std::string path() const { return folder.empty() ? name : folder + "/" + name; }
};

// The order of entries in a tree: by folder, then by name. Folders compare component by
// component, that is as bytes with '/' before every other; names compare as bytes. So a folder's
// entries are next to each other, and a folder's subtree follows it without a gap.
int compare_folders(std::string_view a, std::string_view b);
int compare_keys(std::string_view folder_a, std::string_view name_a, std::string_view folder_b,
                 std::string_view name_b);

bool is_valid_name(std::string_view name);

}  // namespace grid::source
