// Problem. Which packs do the ready versions need, and how much of each? A version may have ten
// million chunks, a store a thousand versions, and most of it has not changed since the last time.
//
// Idea. Packs never change, so "each chunk of this tree is in one of these packs" is true for as
// long as the packs are there. It is written down for each tree once, in a summary. A tree without
// one is walked: root, segments and recipes name all chunks, and the chunk index says where they
// are.
//
// What it costs. A summary has 24 bytes for each pack. A walk reads a tree and looks up each chunk;
// it keeps the packs of each segment that it has seen, because versions share most of them.
#include "collect/mark.h"

#include <algorithm>

#include "base/error.h"

namespace grid::collect {

using store::ChunkRef;
using store::Location;
using store::PackId;
using store::PackShare;

static constexpr std::size_t segments_kept_max = 100'000;

Packs sound_packs(const store::ChunkStore& chunks) {
  const std::shared_ptr<const store::ShortPacks> lacking = chunks.short_packs();
  Packs sound;
  for (const auto& [pack, size] : chunks.index().packs())
    if (!lacking->contains(pack)) sound.insert(sound.end(), pack);
  return sound;
}

std::uint64_t stored_size(const store::Placement& place) {
  if (place.frame_size == 0) return 0;
  return (std::uint64_t{place.frame_stored_size} * place.size + place.frame_size - 1) /
         place.frame_size;
}

Mark::Mark(const dataset::OpenStore& store, Packs avoided, Summaries summaries)
    : TreeChunks(store),
      store_(store),
      avoided_(std::move(avoided)),
      summaries_(summaries),
      sound_(sound_packs(*store.chunks)) {}

void Mark::need(const PackId& pack, std::uint64_t bytes) {
  std::uint64_t& most = needed_[pack];
  most = std::max(most, bytes);
}

void Mark::add(const Digest& root) {
  if (add_summary(root)) return;
  ++trees_walked_;
  of_tree_.clear();
  segment_.reset();
  visit(root);
  for (const auto& [pack, bytes] : of_tree_) need(pack, bytes);
  if (summaries_ == Summaries::leave) leave_summary(root, of_tree_);
}

// Empty if there is none that can be read.
static std::optional<std::vector<PackShare>> find_summary(const backend::Backend& origin,
                                                          const Digest& root) {
  const std::string key = store::summary_key(root);
  const std::optional<Bytes> object = origin.find(key);
  if (!object) return std::nullopt;
  try {
    return store::decode_summary(*object, root, key);
  } catch (const Error&) {  // damaged, or of another program: it is derived, and made again
    return std::nullopt;
  }
}

bool may_need(const backend::Backend& origin, const Digest& root, const Packs& packs) {
  const auto shares = find_summary(origin, root);
  return !shares || std::any_of(shares->begin(), shares->end(),
                                [&](const PackShare& share) { return packs.contains(share.pack); });
}

// False if there is none that holds. One that names an avoided pack does not say whether another
// pack would do.
bool Mark::add_summary(const Digest& root) {
  const auto found = find_summary(*store_.origin, root);
  if (!found) return false;
  const std::vector<PackShare>& shares = *found;
  const bool holds = std::all_of(shares.begin(), shares.end(), [&](const PackShare& share) {
    return sound_.contains(share.pack) && !avoided_.contains(share.pack);
  });
  if (!holds) return false;
  for (const PackShare& share : shares) need(share.pack, share.bytes);
  return true;
}

void Mark::leave_summary(const Digest& root, const Shares& shares) const {
  if (shares.size() > store::listed_packs_max) return;
  std::vector<PackShare> listed;
  for (const auto& [pack, bytes] : shares) listed.push_back({pack, bytes});
  const std::string key = store::summary_key(root);
  const Bytes object = store::encode_summary(root, listed);
  if (store_.origin->create(key, object)) return;
  store_.origin->remove(key);  // it did not hold
  store_.origin->create(key, object);
}

bool Mark::on_segment(const Digest& segment) {
  const auto known = segments_.find(segment);
  if (known != segments_.end()) {
    for (const PackShare& share : known->second) of_tree_[share.pack] += share.bytes;
    return false;
  }
  segment_ = segment;
  of_segment_.clear();
  return true;
}

void Mark::on_segment_end() {
  if (segments_.size() >= segments_kept_max) segments_.clear();
  std::vector<PackShare>& kept = segments_[*segment_];
  for (const auto& [pack, bytes] : of_segment_) {
    kept.push_back({pack, bytes});
    of_tree_[pack] += bytes;
  }
  segment_.reset();
}

bool Mark::is_held(const PackId& pack) const {
  return needed_.contains(pack) || of_tree_.contains(pack) ||
         (segment_ && of_segment_.contains(pack));
}

// The best of the packs that have the chunk; empty if none has it.
std::optional<Location> Mark::find_holder(const ChunkRef& chunk) const {
  std::optional<Location> best;
  int best_rank = 0;
  for (const Location& at : store_.chunks->index().find_all(chunk.digest)) {
    if (!sound_.contains(at.pack)) continue;
    const int rank = (avoided_.contains(at.pack) ? 1 : 3) + (is_held(at.pack) ? 1 : 0);
    if (rank <= best_rank) continue;
    best = at;
    best_rank = rank;
  }
  return best;
}

void Mark::on_chunks(std::span<const ChunkRef> chunks) {
  Shares& shares = segment_ ? of_segment_ : of_tree_;
  const std::vector<std::optional<Location>> found = store_.chunks->index().find(chunks);
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    if (chunks[i].size == 0) continue;
    std::optional<Location> holder = found[i];
    // Mostly the chunk is where its neighbour is.
    if (!holder || !shares.contains(holder->pack) || avoided_.contains(holder->pack))
      holder = find_holder(chunks[i]);
    if (!holder) {  // it was published after the packs were listed
      store_.chunks->refresh_for_writing();
      sound_ = sound_packs(*store_.chunks);
      holder = find_holder(chunks[i]);
    }
    if (!holder)
      fail(ErrorKind::corrupt,
           "chunk {} is in no pack of the store {}: nothing was removed; see "
           "grid datastore verify",
           chunks[i].digest.short_hex(), store_.backend->name());
    shares[holder->pack] += stored_size(holder->place);
  }
}

}  // namespace grid::collect
