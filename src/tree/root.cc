#include "tree/root.h"

#include "base/error.h"
#include "base/wire.h"

namespace grid::tree {

// The root, all integers little-endian:
//   magic "GTRE", u16 format, u16 zero, u32 segment count, u32 link count
//   u64 entries, files, folders, symlinks, bytes; in format 2 also files and bytes in place
//   segments: digest, u32 entries, u32 size, u32 length of the first entry's folder, u32 length of
//   its name, folder, name
//   links: u32 names, u32 length of the path, path
static constexpr std::uint32_t root_magic = 0x45525447;  // "GTRE"
static constexpr std::uint16_t root_format = 1, root_format_in_place = 2;

Bytes encode_root(const ManifestRoot& root) {
  Bytes out;
  append(out, root_magic);
  const bool in_place = root.totals.files_in_place > 0;
  append(out, in_place ? root_format_in_place : root_format);
  append(out, std::uint16_t{0});
  append(out, static_cast<std::uint32_t>(root.segments.size()));
  append(out, static_cast<std::uint32_t>(root.link_counts.size()));
  for (std::uint64_t total : {root.totals.entries, root.totals.files, root.totals.folders,
                              root.totals.symlinks, root.totals.bytes})
    append(out, total);
  if (in_place)
    for (std::uint64_t total : {root.totals.files_in_place, root.totals.bytes_in_place})
      append(out, total);
  for (const auto& segment : root.segments) {
    append(out, BytesView(segment.digest.bytes));
    append(out, segment.count);
    append(out, segment.size);
    append(out, static_cast<std::uint32_t>(segment.first_folder.size()));
    append(out, static_cast<std::uint32_t>(segment.first_name.size()));
    append(out, as_bytes(segment.first_folder));
    append(out, as_bytes(segment.first_name));
  }
  for (const auto& [path, count] : root.link_counts) {
    append(out, count);
    append(out, static_cast<std::uint32_t>(path.size()));
    append(out, as_bytes(path));
  }
  return out;
}

ManifestRoot decode_root(BytesView bytes) {
  WireReader in(bytes, "tree root");
  if (in.integer<std::uint32_t>() != root_magic)
    fail(ErrorKind::corrupt, "tree root: it has no tree root header");
  const auto found = in.integer<std::uint16_t>();
  if (found != root_format && found != root_format_in_place)
    fail(ErrorKind::unsupported, "tree root: has format {}; this program reads formats {} and {}",
         found, root_format, root_format_in_place);
  in.integer<std::uint16_t>();
  auto segment_count = in.integer<std::uint32_t>();
  auto link_count = in.integer<std::uint32_t>();
  ManifestRoot root;
  for (std::uint64_t* total : {&root.totals.entries, &root.totals.files, &root.totals.folders,
                               &root.totals.symlinks, &root.totals.bytes})
    *total = in.integer<std::uint64_t>();
  if (found == root_format_in_place)
    for (std::uint64_t* total : {&root.totals.files_in_place, &root.totals.bytes_in_place})
      *total = in.integer<std::uint64_t>();
  std::uint64_t first = 0;
  for (std::uint32_t i = 0; i < segment_count; ++i) {
    Manifest::SegmentEntry segment;
    segment.digest = in.digest();
    segment.first = first;
    segment.count = in.integer<std::uint32_t>();
    segment.size = in.integer<std::uint32_t>();
    auto folder_size = in.integer<std::uint32_t>();
    auto name_size = in.integer<std::uint32_t>();
    segment.first_folder = in.text(folder_size);
    segment.first_name = in.text(name_size);
    if (segment.count == 0) fail(ErrorKind::corrupt, "tree root: lists an empty segment");
    first += segment.count;
    root.segments.push_back(std::move(segment));
  }
  if (first != root.totals.entries)
    fail(ErrorKind::corrupt, "tree root: its segments hold {} entries, not {}", first,
         root.totals.entries);
  for (std::uint32_t i = 0; i < link_count; ++i) {
    auto count = in.integer<std::uint32_t>();
    root.link_counts.emplace_back(in.text(in.integer<std::uint32_t>()), count);
  }
  in.finish();
  return root;
}

}  // namespace grid::tree
