#include "tree/manifest_writer.h"

#include <cassert>

#include "base/error.h"
#include "tree/rules.h"

namespace grid::tree {

// A segment ends behind an entry if the digest of its path says so; adding or removing a file thus
// moves at most one border. A segment has about 1,280 entries, 60 KB as stored: the cost of one
// changed file. The root then lists ten million files in 1 MB.
static constexpr std::size_t segment_entries_min = 256, segment_entries_max = 4096;
static constexpr std::uint64_t segment_end_mask = 1023;

static bool ends_segment(const Entry& entry) {
  return (digest_of(as_bytes(entry.path())).prefix() & segment_end_mask) == 0;
}

// What a source lists and what a base holds come from outside.
void ManifestWriter::check_order(const Entry& entry) const {
  if (entries_.empty()) return;
  const Entry& before = entries_.back();
  const int order = compare_keys(before.folder, before.name, entry.folder, entry.name);
  if (order == 0) fail(ErrorKind::already_exists, "{}: is there twice", entry.path());
  if (order > 0)
    fail(ErrorKind::corrupt, "{}: comes after {}, which is not the order of a tree", entry.path(),
         before.path());
}

void ManifestWriter::add(Entry entry) {
  if (std::string_view why = why_entry_is_refused(fields_of(entry)); !why.empty())
    fail(ErrorKind::unsupported, "{}: {}", entry.path(), why);
  check_order(entry);
  root_.totals.add(entry.kind, entry.size, entry.is_in_place());
  entries_.push_back(std::move(entry));
  if (entries_.size() == segment_entries_max ||
      (entries_.size() >= segment_entries_min && ends_segment(entries_.back())))
    end_segment();
}

void ManifestWriter::take_over(const Manifest::SegmentEntry& segment) {
  assert(at_segment_start());
  root_.segments.push_back(segment);
  root_.segments.back().first = root_.totals.entries;
  root_.totals.entries += segment.count;
}

void ManifestWriter::add_totals(const TreeTotals& totals) {
  root_.totals.entries += totals.entries;
  root_.totals.files += totals.files;
  root_.totals.folders += totals.folders;
  root_.totals.symlinks += totals.symlinks;
  root_.totals.bytes += totals.bytes;
  root_.totals.files_in_place += totals.files_in_place;
  root_.totals.bytes_in_place += totals.bytes_in_place;
}

void ManifestWriter::end_segment() {
  Bytes bytes = encode_segment(entries_);
  // A segment has a frame to itself, so that reading it unpacks nothing else.
  writer_.close_frame();
  store::ChunkRef chunk = writer_.put(bytes);
  writer_.close_frame();
  root_.segments.push_back({.digest = chunk.digest,
                            .first = root_.totals.entries - entries_.size(),
                            .count = static_cast<std::uint32_t>(entries_.size()),
                            .size = chunk.size,
                            .first_folder = entries_.front().folder,
                            .first_name = entries_.front().name});
  entries_.clear();
}

Digest ManifestWriter::finish() {
  if (!entries_.empty()) end_segment();
  check_root(root_);  // with a base, its counts come from the base's root
  return writer_.put(encode_root(root_)).digest;
}

}  // namespace grid::tree
