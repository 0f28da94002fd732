// Problem. A trace names pieces of files in the order in which they were wanted, often at random.
// Their chunks may lie anywhere, and a request for each would be slow: a store is fast with large
// ranges.
//
// Idea. Take a batch of pieces, find where their chunks lie, sort these places, and read those that
// are near each other with one request, several requests at a time. So reads follow the store's
// order within a batch, and the trace's order from batch to batch.
//
// It ends with the trace, when size_max bytes were read, or when many times as many were looked at:
// a sparse file, or one that a stranger made, may be 128 TiB long and repeat a few chunks. Memory:
// a batch's places, and a buffer for each request that is under way.
#include "dataset/prefetch.h"

#include <unistd.h>

#include <algorithm>
#include <map>

#include "base/read_ahead.h"
#include "base/thread_pool.h"
#include "cache/disk_cache.h"
#include "store/layout.h"

namespace grid::dataset {

namespace {

using namespace traces_ahead;

struct Range {
  store::PackId pack;
  std::uint64_t begin = 0, end = 0;  // bytes

  bool operator<(const Range& other) const {
    return std::tie(pack, begin) < std::tie(other.pack, other.begin);
  }
};

// How much may be looked at for each byte that may be read.
constexpr std::uint64_t looked_at_ratio = 32;
// A chunk counts as this many bytes at least: looking it up has its price.
constexpr std::uint64_t looked_at_min = 4096;
constexpr std::size_t chunks_of_piece_max = 32 << 10;

// Appends where the chunks of a piece of a file lie. Returns how much it has looked at.
std::uint64_t find_ranges(const OpenStore& store, const tree::EntryRef& file, std::uint32_t index,
                          std::vector<Range>& out) {
  const std::uint64_t begin = index * Piece::size;
  const std::vector<store::ChunkRef> chunks = store.contents->chunks_in(
      file.content(), file.size(), {begin, begin + Piece::size}, chunks_of_piece_max);
  std::uint64_t looked_at = looked_at_min;
  const std::vector<std::optional<store::Location>> found = store.chunks->index().find(chunks);
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    looked_at += std::max<std::uint64_t>(chunks[i].size, looked_at_min);
    if (const std::optional<store::Location>& at = found[i])
      out.push_back({at->pack, at->place.frame_offset,
                     at->place.frame_offset + std::uint64_t{at->place.frame_stored_size}});
  }
  return looked_at;
}

// Merges ranges that are near each other.
std::vector<Range> merged(std::vector<Range> ranges) {
  std::sort(ranges.begin(), ranges.end());
  std::vector<Range> out;
  for (const Range& range : ranges) {
    Range* last = out.empty() ? nullptr : &out.back();
    if (last && last->pack == range.pack && range.begin <= last->end + gap_max &&
        std::max(last->end, range.end) - last->begin <= range_size_max)
      last->end = std::max(last->end, range.end);
    else
      out.push_back(range);
  }
  return out;
}

class Prefetcher {
 public:
  Prefetcher(const OpenStore& store, const tree::Manifest& manifest, const PrefetchOptions& options)
      : store_(store),
        manifest_(manifest),
        options_(options),
        pool_(store.chunks->backend().remote() ? remote_in_flight : local_in_flight) {}

  // Returns false once enough was read.
  bool add(const Piece& piece) {
    wanted_[piece.ordinal].push_back(piece.index);
    return ++count_ < batch_count || flush();
  }

  bool flush() {
    std::vector<Range> ranges;
    for (auto& [ordinal, indexes] : wanted_) {
      if (ordinal >= manifest_.totals().entries) continue;
      const tree::EntryRef entry = manifest_.at(ordinal);
      if (entry.kind() != tree::EntryKind::file) continue;
      for (const std::uint32_t index : indexes)
        looked_at_ += find_ranges(store_, entry, index, ranges);
    }
    wanted_.clear();
    count_ = 0;
    std::vector<std::future<void>> coming;
    for (const Range& range : merged(std::move(ranges))) {
      if (size_ + (range.end - range.begin) > options_.size_max) break;
      size_ += range.end - range.begin;
      coming.push_back(pool_.submit([this, range] { read(range); }));
    }
    const bool enough = size_ + range_size_max > options_.size_max ||
                        looked_at_ / looked_at_ratio > options_.size_max;
    for (std::future<void>& one : coming) one.get();
    return !enough;
  }

  std::uint64_t size() const { return size_; }

 private:
  void read(const Range& range) const {
    store_.chunks->backend().carrier().expect_reads(store::pack_data_key(range.pack), range.begin,
                                                    range.end - range.begin);
  }

  const OpenStore& store_;
  const tree::Manifest& manifest_;
  const PrefetchOptions& options_;
  std::map<std::uint64_t, std::vector<std::uint32_t>> wanted_;  // pieces by ordinal
  std::size_t count_ = 0;                                       // of them
  std::uint64_t size_ = 0;                                      // bytes read
  std::uint64_t looked_at_ = 0;                                 // bytes of files
  ThreadPool pool_;
};

}  // namespace

std::uint64_t prefetch_size_max(const OpenStore& store) {
  if (store.backend->remote())
    return cache::DiskCache(node_cache_folder(store.cache_folder)).size_max() / 2;
  return static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
         static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) / 3;
}

std::filesystem::path trace_folder(const std::filesystem::path& cache_folder) {
  return cache_folder / "traces";
}

std::uint64_t prefetch(const OpenStore& store, const tree::Manifest& manifest,
                       const ReadTrace& trace, const PrefetchOptions& options) {
  Prefetcher prefetcher(store, manifest, options);
  for (const Piece& piece : trace)
    if (!prefetcher.add(piece)) return prefetcher.size();
  prefetcher.flush();
  return prefetcher.size();
}

std::uint64_t prefetch_all(const OpenStore& store, const tree::Manifest& manifest,
                           const PrefetchOptions& options) {
  Prefetcher prefetcher(store, manifest, options);
  for (std::uint64_t ordinal = 0; ordinal < manifest.totals().entries; ++ordinal) {
    const tree::EntryRef entry = manifest.at(ordinal);
    for (std::uint64_t offset = 0; offset < entry.size(); offset += Piece::size)
      if (!prefetcher.add({ordinal, static_cast<std::uint32_t>(offset / Piece::size)}))
        return prefetcher.size();
  }
  prefetcher.flush();
  return prefetcher.size();
}

}  // namespace grid::dataset
