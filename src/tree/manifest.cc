#include "tree/manifest.h"

#include <algorithm>
#include <cassert>

#include "base/error.h"
#include "tree/root.h"

namespace grid::tree {

void TreeTotals::add(EntryKind kind, std::uint64_t size, bool in_place) {
  ++entries;
  switch (kind) {
    case EntryKind::file:
      ++files;
      bytes += size;
      break;
    case EntryKind::hard_link:
      ++files;
      break;
    case EntryKind::folder:
      ++folders;
      break;
    case EntryKind::symlink:
      ++symlinks;
      break;
  }
  if (!in_place) return;
  ++files_in_place;
  bytes_in_place += size;
}

std::string EntryRef::path() const {
  std::string path(folder());
  if (!path.empty()) path += '/';
  path += name();
  return path;
}

Entry EntryRef::to_entry() const { return segment_->entry(index_); }

std::shared_ptr<const Manifest> Manifest::open(std::shared_ptr<const store::ChunkReader> chunks,
                                               std::shared_ptr<SegmentCache> segments,
                                               const Digest& root) {
  ManifestRoot decoded = decode_root(chunks->read_chunk(root));
  std::shared_ptr<Manifest> manifest(new Manifest);
  manifest->chunks_ = std::move(chunks);
  manifest->cache_ = std::move(segments);
  manifest->root_digest_ = root;
  manifest->totals_ = decoded.totals;
  manifest->segments_ = std::move(decoded.segments);
  manifest->checked_ = std::vector<std::atomic<bool>>(manifest->segments_.size());
  manifest->link_counts_ = std::move(decoded.link_counts);
  return manifest;
}

std::shared_ptr<const Segment> Manifest::segment(std::size_t index) const {
  const SegmentEntry& entry = segments_[index];
  std::shared_ptr<const Segment> segment = cache_->get(*chunks_, entry.digest, entry.size);
  // The bytes of a digest never change: once is enough.
  if (!checked_[index].load(std::memory_order_relaxed)) {
    check_segment(index, *segment);
    checked_[index].store(true, std::memory_order_relaxed);
  }
  return segment;
}

void Manifest::check_segment(std::size_t index, const Segment& segment) const {
  const SegmentEntry& entry = segments_[index];
  auto refuse = [&](std::string_view why) {
    fail(ErrorKind::corrupt, "tree segment {}: {}", entry.digest.short_hex(), why);
  };
  if (segment.count() != entry.count)
    refuse(fmt::format("holds {} entries, the root says {}", segment.count(), entry.count));
  if (segment.memory_size() != entry.size)
    refuse(fmt::format("has {} bytes, the root says {}", segment.memory_size(), entry.size));
  if (segment.folder(0) != entry.first_folder || segment.name(0) != entry.first_name)
    refuse("begins with another entry than the root says");
  if (index + 1 < segments_.size()) {
    const SegmentEntry& next = segments_[index + 1];
    const std::uint32_t last = segment.count() - 1;
    if (compare_keys(segment.folder(last), segment.name(last), next.first_folder,
                     next.first_name) >= 0)
      refuse("ends behind where the next one begins");
  }
  if (segment.has_files_in_place() && totals_.files_in_place == 0)
    refuse("has files in place, the root says that there are none");
}

EntryRef Manifest::at(std::uint64_t ordinal) const {
  assert(ordinal < totals_.entries);  // callers take it from this manifest, or compare it
  auto after = std::upper_bound(
      segments_.begin(), segments_.end(), ordinal,
      [](std::uint64_t value, const SegmentEntry& segment) { return value < segment.first; });
  auto index = static_cast<std::size_t>(after - segments_.begin()) - 1;
  return {segment(index), static_cast<std::uint32_t>(ordinal - segments_[index].first), ordinal};
}

std::uint64_t Manifest::lower_bound(std::string_view folder, std::string_view name) const {
  // The last segment that begins at or before the key contains its place.
  auto after =
      std::partition_point(segments_.begin(), segments_.end(), [&](const SegmentEntry& segment) {
        return compare_keys(segment.first_folder, segment.first_name, folder, name) <= 0;
      });
  if (after == segments_.begin()) return 0;
  auto index = static_cast<std::size_t>(after - segments_.begin()) - 1;
  return segments_[index].first + segment(index)->lower_bound(folder, name);
}

std::optional<EntryRef> Manifest::find(std::string_view folder, std::string_view name) const {
  std::uint64_t ordinal = lower_bound(folder, name);
  if (ordinal == totals_.entries) return std::nullopt;
  EntryRef entry = at(ordinal);
  if (entry.name() != name || entry.folder() != folder) return std::nullopt;
  return entry;
}

std::optional<EntryRef> Manifest::find_path(std::string_view path) const {
  std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return path.empty() ? std::nullopt : find("", path);
  if (slash == 0) return std::nullopt;  // paths in a version do not begin with '/'
  return find(path.substr(0, slash), path.substr(slash + 1));
}

EntryRange Manifest::children(std::string_view folder) const {
  std::uint64_t first = lower_bound(folder, "");
  // The folder's own entries end where a longer path could begin. The least such path is the
  // folder's path and '/', or for the top a path of one byte; as names are not empty, that path
  // with an empty name is a key right behind the folder's entries.
  std::string next = folder.empty() ? std::string(1, '\1') : std::string(folder) + '/';
  std::uint64_t end = lower_bound(next, "");
  return {first, end - first};
}

EntryRange Manifest::subtree(std::string_view folder) const {
  if (folder.empty()) return {0, totals_.entries};
  std::uint64_t first = lower_bound(folder, "");
  // '/' sorts before every other byte of a folder's path, so the path and '\1' comes right after
  // everything below the folder. A folder whose name continues with '\1' does not sort before that.
  std::uint64_t end = lower_bound(std::string(folder) + '\1', "");
  return {first, end - first};
}

std::uint32_t Manifest::link_count(const EntryRef& entry) const {
  if (link_counts_.empty()) return 1;
  std::string path = entry.path();
  auto at =
      std::lower_bound(link_counts_.begin(), link_counts_.end(), path,
                       [](const auto& known, const std::string& key) { return known.first < key; });
  return at != link_counts_.end() && at->first == path ? at->second : 1;
}

std::optional<EntryRef> EntryCursor::next() {
  if (next_ == end_) return std::nullopt;
  if (!segment_ || next_ - segment_first_ >= segment_->count()) {
    const auto& segments = manifest_->segments();
    auto after = std::upper_bound(segments.begin(), segments.end(), next_,
                                  [](std::uint64_t value, const Manifest::SegmentEntry& segment) {
                                    return value < segment.first;
                                  });
    segment_index_ = static_cast<std::size_t>(after - segments.begin()) - 1;
    segment_ = manifest_->segment(segment_index_);
    segment_first_ = segments[segment_index_].first;
  }
  EntryRef entry(segment_, static_cast<std::uint32_t>(next_ - segment_first_), next_);
  ++next_;
  return entry;
}

}  // namespace grid::tree
