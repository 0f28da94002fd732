#include "tree/root.h"

#include <algorithm>

#include "base/error.h"
#include "base/wire.h"
#include "store/pack.h"
#include "tree/rules.h"

namespace grid::tree {

// The root, all integers little-endian:
//   magic "GTRE", u16 format, u16 zero, u32 segment count, u32 link count
//   u64 entries, files, folders, symlinks, bytes; in format 2 also files and bytes in place
//   segments: digest, u32 entries, u32 size, u32 length of the first entry's folder, u32 length of
//   its name, folder, name
//   links: u32 names, u32 length of the path, path
static constexpr std::uint32_t root_magic = 0x45525447;  // "GTRE"
static constexpr std::uint16_t root_format = 1, root_format_in_place = 2;
static constexpr std::size_t segment_entry_size_min = 56;  // its columns

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

[[noreturn]] static void refuse_root(std::string_view why) {
  fail(ErrorKind::corrupt, "tree root: {}", why);
}

static void check_totals(const TreeTotals& totals) {
  // A sum that overflows cannot pass: each summand is compared first.
  const std::uint64_t rest = totals.entries - std::min(totals.entries, totals.files);
  if (totals.files > totals.entries || totals.folders > rest ||
      totals.symlinks != rest - totals.folders)
    refuse_root("its files, folders and links are not its entries");
  auto fits = [](std::uint64_t bytes, std::uint64_t files) {
    return bytes == 0 || (bytes - 1) / file_size_max < files;
  };
  if (!fits(totals.bytes, totals.files)) refuse_root("its files cannot have so many bytes");
  if (totals.files_in_place > totals.files || totals.bytes_in_place > totals.bytes ||
      !fits(totals.bytes_in_place, totals.files_in_place))
    refuse_root("its counts of what is in place cannot be true");
}

static void check_segments(const ManifestRoot& root) {
  std::uint64_t first = 0;
  const Manifest::SegmentEntry* before = nullptr;
  for (const Manifest::SegmentEntry& segment : root.segments) {
    if (segment.count == 0 || segment.size > store::frame_size_max ||
        segment.size / segment_entry_size_min < segment.count)
      refuse_root("a segment cannot have its size");
    if (segment.first != first) refuse_root("its segments do not adjoin");
    first += segment.count;
    if (!is_valid_folder(segment.first_folder) || !is_valid_name(segment.first_name))
      refuse_root("a segment begins with an invalid path");
    if (before != nullptr && compare_keys(before->first_folder, before->first_name,
                                          segment.first_folder, segment.first_name) >= 0)
      refuse_root("its segments are out of order");
    before = &segment;
  }
  if (first != root.totals.entries)
    fail(ErrorKind::corrupt, "tree root: its segments hold {} entries, not {}", first,
         root.totals.entries);
  std::vector<const Digest*> digests;
  digests.reserve(root.segments.size());
  for (const Manifest::SegmentEntry& segment : root.segments) digests.push_back(&segment.digest);
  std::sort(digests.begin(), digests.end(), [](auto a, auto b) { return *a < *b; });
  if (std::adjacent_find(digests.begin(), digests.end(), [](auto a, auto b) { return *a == *b; }) !=
      digests.end())
    refuse_root("it lists a segment twice");
}

static void check_links(const ManifestRoot& root) {
  std::uint64_t names = 0;
  const std::string* before = nullptr;
  for (const auto& [path, count] : root.link_counts) {
    if (count < 2) refuse_root("it lists a file with several names that has fewer than two");
    names += count;
    if (!is_valid_path(path)) refuse_root("a file with several names has an invalid path");
    if (before != nullptr && !(*before < path))
      refuse_root("its files with several names are unsorted");
    before = &path;
  }
  if (names > root.totals.files) refuse_root("its files have more names than there are");
}

void check_root(const ManifestRoot& root) {
  check_totals(root.totals);
  check_segments(root);
  check_links(root);
}

ManifestRoot decode_root(BytesView bytes) {
  WireReader in(bytes, "tree root");
  if (in.integer<std::uint32_t>() != root_magic)
    fail(ErrorKind::corrupt, "tree root: it has no tree root header");
  const auto found = in.integer<std::uint16_t>();
  if (found != root_format && found != root_format_in_place)
    fail(ErrorKind::unsupported, "tree root: has format {}; this program reads formats {} and {}",
         found, root_format, root_format_in_place);
  if (in.integer<std::uint16_t>() != 0) refuse_root("its header is not zero where it must be");
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
    first += segment.count;
    root.segments.push_back(std::move(segment));
  }
  for (std::uint32_t i = 0; i < link_count; ++i) {
    auto count = in.integer<std::uint32_t>();
    root.link_counts.emplace_back(in.text(in.integer<std::uint32_t>()), count);
  }
  in.finish();
  if ((found == root_format_in_place) != (root.totals.files_in_place > 0))
    refuse_root("its format is that of trees with files in place, but it has none");
  check_root(root);
  return root;
}

}  // namespace grid::tree
