// Writes small stores that break the rules of docs/format.md, byte by byte. Uses none of the
// program's encoders: what those would refuse or repair is stored as it is.
//
// The values below describe a structure that is valid until a test changes one of them. Where a
// value cannot say it, `spoil` changes the encoded bytes before they are stored and digested.
#pragma once

#include <fmt/format.h>

#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backend/backend.h"
#include "base/bytes.h"
#include "base/digest.h"
#include "tests/support/temporary_folder.h"

namespace grid::testing {

using Spoil = std::function<void(Bytes&)>;

// Puts an integer over the bytes at `at`: for Spoil.
template <class T>
void overwrite(Bytes& bytes, std::size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

constexpr unsigned hostile_file = 1, hostile_folder = 2, hostile_symlink = 3,
                   hostile_hard_link = 4;  // kinds
constexpr unsigned hostile_executable = 8, hostile_in_place = 16;

struct HostileEntry {
  std::string folder, name;
  unsigned kind = hostile_file;
  unsigned flags = 0;  // further bits of the byte that holds the kind
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
  Digest content{};
  std::uint8_t depth = 0;
  std::string behind{};  // text directly after the name: a link's target, a reference to an object
};

// Valid entries of each kind.
inline HostileEntry folder_entry(std::string folder, std::string name) {
  return {.folder = std::move(folder), .name = std::move(name), .kind = hostile_folder};
}
inline HostileEntry link_entry(unsigned kind, std::string folder, std::string name,
                               std::string target) {
  return {.folder = std::move(folder),
          .name = std::move(name),
          .kind = kind,
          .size = target.size(),
          .behind = std::move(target)};
}
// The content is that of no bytes or, as `content`, one chunk that has been put.
inline HostileEntry file_entry(std::string folder, std::string name, std::uint64_t size = 0,
                               const Digest& content = digest_of({}), std::uint8_t depth = 0) {
  return {.folder = std::move(folder),
          .name = std::move(name),
          .size = size,
          .content = content,
          .depth = depth};
}
// A reference to an object as it lies behind the name of a file in place. The key is `key_begin`
// and then the file's path without its first `skipped` bytes.
inline std::string object_text(std::string_view bucket, std::string_view key_begin,
                               std::uint32_t skipped, std::string_view etag,
                               std::string_view version_id = {}) {
  Bytes text;
  for (std::string_view part : {bucket, key_begin, etag, version_id})
    append(text, static_cast<std::uint16_t>(part.size()));
  append(text, skipped);
  for (std::string_view part : {bucket, key_begin, etag, version_id}) append(text, as_bytes(part));
  return std::string(as_text(text));
}
inline HostileEntry in_place_entry(std::string folder, std::string name, std::string object,
                                   std::uint64_t size = 9) {
  return {.folder = std::move(folder),
          .name = std::move(name),
          .flags = hostile_in_place,
          .size = size,
          .behind = std::move(object)};
}

struct HostileSegment {
  std::vector<HostileEntry> entries{};
  std::optional<std::uint16_t> format{};  // else as the entries need it
  Spoil spoil{};
};

struct HostileRecipe {
  std::uint8_t depth = 1;
  std::vector<std::pair<Digest, std::uint64_t>> parts{};  // with their sizes
  Spoil spoil{};
};

struct HostileTotals {
  std::uint64_t entries = 0, files = 0, folders = 0, symlinks = 0, bytes = 0;
  std::uint64_t files_in_place = 0, bytes_in_place = 0;
};

struct HostileRoot {
  struct Segment {
    Digest digest;
    std::uint32_t count = 0, size = 0;
    std::string first_folder, first_name;
  };
  HostileTotals totals{};
  std::vector<Segment> segments{};
  std::vector<std::pair<std::string, std::uint32_t>> links{};  // path, names
  std::optional<std::uint16_t> format{};                       // else as the totals need it
  Spoil spoil{};
};

// The bytes of a segment. Entries of the same folder must stand together; each such run gets a
// folder record.
inline Bytes hostile_bytes(const HostileSegment& segment) {
  Bytes digests, sizes, mtimes, offsets, folders, name_sizes, kinds, depths, text;
  std::uint32_t index = 0, folder_count = 0;
  bool in_place = false;
  for (const HostileEntry& entry : segment.entries) {
    if (index == 0 || segment.entries[index - 1].folder != entry.folder) {
      append(folders, static_cast<std::uint32_t>(text.size()));
      append(folders, static_cast<std::uint32_t>(entry.folder.size()));
      append(folders, index);
      append(text, as_bytes(entry.folder));
      ++folder_count;
    }
    append(digests, BytesView(entry.content.bytes));
    append(sizes, entry.size);
    append(mtimes, entry.mtime_ns);
    append(offsets, static_cast<std::uint32_t>(text.size()));
    append(name_sizes, static_cast<std::uint16_t>(entry.name.size()));
    append(kinds, static_cast<std::uint8_t>(entry.kind | entry.flags));
    append(depths, entry.depth);
    append(text, as_bytes(entry.name));
    append(text, as_bytes(entry.behind));
    in_place = in_place || (entry.flags & hostile_in_place) != 0;
    ++index;
  }
  Bytes bytes;
  append(bytes, as_bytes("GSEG"));
  append(bytes, segment.format.value_or(static_cast<std::uint16_t>(in_place ? 2 : 1)));
  append(bytes, std::uint16_t{0});
  append(bytes, index);
  append(bytes, folder_count);
  append(bytes, static_cast<std::uint32_t>(text.size()));
  bytes.insert(bytes.end(), 12, std::byte{0});
  for (const Bytes* part :
       {&digests, &sizes, &mtimes, &offsets, &folders, &name_sizes, &kinds, &depths, &text})
    append(bytes, BytesView(*part));
  if (segment.spoil) segment.spoil(bytes);
  return bytes;
}

inline Bytes hostile_bytes(const HostileRecipe& recipe) {
  Bytes bytes;
  append(bytes, as_bytes("GRCP"));
  append(bytes, std::uint16_t{1});
  append(bytes, recipe.depth);
  append(bytes, std::uint8_t{0});
  append(bytes, static_cast<std::uint32_t>(recipe.parts.size()));
  for (const auto& part : recipe.parts) append(bytes, BytesView(part.first.bytes));
  for (const auto& part : recipe.parts) {
    if (recipe.depth == 1)
      append(bytes, static_cast<std::uint32_t>(part.second));
    else
      append(bytes, part.second);
  }
  if (recipe.spoil) recipe.spoil(bytes);
  return bytes;
}

inline Bytes hostile_bytes(const HostileRoot& root) {
  const HostileTotals& totals = root.totals;
  const std::uint16_t format =
      root.format.value_or(static_cast<std::uint16_t>(totals.files_in_place > 0 ? 2 : 1));
  Bytes bytes;
  append(bytes, as_bytes("GTRE"));
  append(bytes, format);
  append(bytes, std::uint16_t{0});
  append(bytes, static_cast<std::uint32_t>(root.segments.size()));
  append(bytes, static_cast<std::uint32_t>(root.links.size()));
  for (std::uint64_t total :
       {totals.entries, totals.files, totals.folders, totals.symlinks, totals.bytes})
    append(bytes, total);
  if (format >= 2) {
    append(bytes, totals.files_in_place);
    append(bytes, totals.bytes_in_place);
  }
  for (const HostileRoot::Segment& segment : root.segments) {
    append(bytes, BytesView(segment.digest.bytes));
    append(bytes, segment.count);
    append(bytes, segment.size);
    append(bytes, static_cast<std::uint32_t>(segment.first_folder.size()));
    append(bytes, static_cast<std::uint32_t>(segment.first_name.size()));
    append(bytes, as_bytes(segment.first_folder));
    append(bytes, as_bytes(segment.first_name));
  }
  for (const auto& link : root.links) {
    append(bytes, link.second);
    append(bytes, static_cast<std::uint32_t>(link.first.size()));
    append(bytes, as_bytes(link.first));
  }
  if (root.spoil) root.spoil(bytes);
  return bytes;
}

// A store that is written object by object; it begins with a valid store.json.
class HostileStore {
 public:
  // The caller decides what an object is written to; for instance into a bucket.
  using Write = std::function<void(const std::string& key, std::string_view bytes)>;
  explicit HostileStore(Write write) : write_(std::move(write)) { put_marker(); }
  explicit HostileStore(const std::shared_ptr<backend::Backend>& backend)
      : HostileStore([backend](const std::string& key, std::string_view bytes) {
          backend->create(key, as_bytes(bytes));
        }) {}
  // In a local folder.
  explicit HostileStore(const std::filesystem::path& folder)
      : HostileStore([folder](const std::string& key, std::string_view bytes) {
          write_file(folder / key, bytes);
        }) {}

  // Any object at all.
  void put_object(const std::string& key, std::string_view bytes) { write_(key, bytes); }

  // A chunk, raw in a pack of its own. Returns its digest.
  Digest put_chunk(BytesView chunk) {
    const Digest digest = digest_of(chunk);
    Bytes index;
    append(index, as_bytes("GPIX"));
    append(index, std::uint16_t{1});
    append(index, std::uint16_t{0});
    append(index, std::uint32_t{1});
    append(index, std::uint32_t{1});
    append(index, std::uint64_t{chunk.size()});
    append(index, std::uint32_t{1});
    append(index, static_cast<std::uint32_t>(chunk.size()));
    append(index, BytesView(digest.bytes));
    append(index, static_cast<std::uint32_t>(chunk.size()));
    append(index, BytesView(digest_of(index).bytes));
    const std::string pack = fmt::format("packs/{:032x}", ++packs_);
    write_(pack + ".data", as_text(chunk));
    write_(pack + ".index", as_text(index));
    return digest;
  }
  Digest put_chunk(std::string_view chunk) { return put_chunk(as_bytes(chunk)); }
  Digest put(const HostileRecipe& recipe) { return put_chunk(hostile_bytes(recipe)); }
  Digest put(const HostileRoot& root) { return put_chunk(hostile_bytes(root)); }

  // Stores segments and returns a root for them that tells the truth, but for the link records:
  // for each hard link's target one, with the names that it has.
  HostileRoot root_of(const std::vector<HostileSegment>& segments) {
    HostileRoot root;
    HostileTotals& totals = root.totals;
    std::map<std::string, std::uint32_t> links;
    for (const HostileSegment& segment : segments) {
      const Bytes bytes = hostile_bytes(segment);
      root.segments.push_back({.digest = put_chunk(bytes),
                               .count = static_cast<std::uint32_t>(segment.entries.size()),
                               .size = static_cast<std::uint32_t>(bytes.size()),
                               .first_folder = {},
                               .first_name = {}});
      if (!segment.entries.empty()) {
        root.segments.back().first_folder = segment.entries[0].folder;
        root.segments.back().first_name = segment.entries[0].name;
      }
      for (const HostileEntry& entry : segment.entries) {
        ++totals.entries;
        if (entry.kind == hostile_file || entry.kind == hostile_hard_link) ++totals.files;
        if (entry.kind == hostile_file) totals.bytes += entry.size;
        if (entry.kind == hostile_folder) ++totals.folders;
        if (entry.kind == hostile_symlink) ++totals.symlinks;
        if (entry.kind == hostile_hard_link) ++links.try_emplace(entry.behind, 1).first->second;
        if ((entry.flags & hostile_in_place) == 0) continue;
        ++totals.files_in_place;
        totals.bytes_in_place += entry.size;
      }
    }
    root.links.assign(links.begin(), links.end());
    return root;
  }

  // A version record that agrees with the root. `change`, if given, edits its text.
  void put_version(const std::string& name, unsigned number, const HostileRoot& root,
                   const std::function<void(std::string&)>& change = {}) {
    const HostileTotals& totals = root.totals;
    std::string text = fmt::format(
        R"({{"grid": "version", "format": 1, "version": {}, "root": "{}", "source": "", )"
        R"("message": "", "created": "2026-01-01T00:00:00Z", "created_by": "a@b", )"
        R"("program": "test", "entries": {}, "files": {}, "folders": {}, "symlinks": {}, )"
        R"("bytes": {}, "stored_bytes": 0, "left_out": 0{}}})"
        "\n",
        number, put(root).hex(), totals.entries, totals.files, totals.folders, totals.symlinks,
        totals.bytes,
        totals.files_in_place == 0 ? ""
                                   : fmt::format(R"(, "files_in_place": {}, "bytes_in_place": {})",
                                                 totals.files_in_place, totals.bytes_in_place));
    if (change) change(text);
    write_(fmt::format("datastores/{}/versions/{}", name, number), text);
  }
  void put_version(const std::string& name, unsigned number,
                   const std::vector<HostileSegment>& segments) {
    put_version(name, number, root_of(segments));
  }

 private:
  void put_marker() {
    write_("store.json",
           R"({"format": 1, "grid": "store", "store_id": "00112233445566778899aabbccddeeff"})"
           "\n");
  }

  const Write write_;
  unsigned packs_ = 0;
};

}  // namespace grid::testing
