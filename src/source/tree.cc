#include "source/tree.h"

#include <algorithm>

#include "base/beneath.h"
#include "base/bytes.h"
#include "net/s3_bucket.h"

namespace grid::source {

std::string_view name_of(EntryKind kind) {
  switch (kind) {
    case EntryKind::file:
      return "file";
    case EntryKind::folder:
      return "folder";
    case EntryKind::symlink:
      return "symlink";
    case EntryKind::hard_link:
      return "hard_link";
  }
  return "unknown";
}

static bool is_visible_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

bool is_valid_etag(std::string_view etag) {
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') {
    etag.remove_prefix(1);
    etag.remove_suffix(1);
  }
  return !etag.empty() && etag.find('"') == etag.npos && is_visible_ascii(etag);
}

std::string_view why_object_is_refused(const ObjectFields& object) {
  static constexpr std::size_t key_size_max = 1024;
  if (!net::is_bucket_name(object.bucket)) return "its object's bucket has no valid name";
  if (object.key_size == 0) return "its object has no key";
  if (object.key_size > key_size_max) return "its object's key has more than 1024 bytes";
  if (object.key_begin.find('\0') != object.key_begin.npos)
    return "its object's key has a zero byte in it";
  if (!is_valid_etag(object.etag)) return "its object's ETag is none that a server gives";
  if (!is_visible_ascii(object.version_id))
    return "its object's version id is none that a server gives";
  return {};
}

Content content_in_place(const ObjectRef& object, std::uint64_t size) {
  Bytes name;
  append(name, size);
  for (const std::string* text : {&object.bucket, &object.key, &object.etag, &object.version_id}) {
    append(name, static_cast<std::uint32_t>(text->size()));
    append(name, as_bytes(*text));
  }
  return {.digest = digest_of(name), .depth = Content::in_place};
}

int compare_folders(std::string_view a, std::string_view b) {
  auto [at_a, at_b] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  // The end of a path, then '/', then every other byte.
  auto rank = [](std::string_view path, std::string_view::iterator at) {
    if (at == path.end()) return -1;
    return *at == '/' ? 0 : static_cast<int>(static_cast<unsigned char>(*at));
  };
  return rank(a, at_a) - rank(b, at_b);
}

int compare_keys(std::string_view folder_a, std::string_view name_a, std::string_view folder_b,
                 std::string_view name_b) {
  if (int order = compare_folders(folder_a, folder_b)) return order;
  return name_a.compare(name_b);
}

bool is_valid_name(std::string_view name) {
  return is_plain_name(name) && name.size() <= UINT16_MAX;
}

}  // namespace grid::source
