// Problem. Which packs do the ready versions need? A version may have ten million chunks, a store a
// thousand versions, and most of it has not changed since the last time.
//
// Idea. Packs never change, so "each chunk of this tree is in one of these packs" is true for as
// long as the packs are there. It is written down for each tree once, in a summary. A tree without
// one is walked: root, segments and recipes name all chunks, and the chunk index says where they
// are.
//
// What it costs. A summary has 16 bytes for each pack. A walk reads a tree and looks up each chunk;
// it keeps the packs of each segment that it has seen, because versions share most of them.
#include "collect/mark.h"

#include <algorithm>

#include "base/error.h"
#include "store/pack_list.h"
#include "tree/recipe.h"

namespace grid::collect {

using store::ChunkRef;
using store::PackId;

static constexpr std::size_t segments_kept_max = 100'000;

Mark::Mark(const dataset::OpenStore& store, Packs avoided, bool leaves_summaries)
    : store_(store),
      avoided_(std::move(avoided)),
      leaves_summaries_(leaves_summaries && avoided_.empty()) {
  learn_sound_packs();
}

void Mark::learn_sound_packs() {
  const std::shared_ptr<const store::ShortPacks> lacking = store_.chunks->short_packs();
  sound_.clear();
  for (const auto& [pack, size] : store_.chunks->index().packs())
    if (!lacking->contains(pack)) sound_.insert(sound_.end(), pack);
}

void Mark::add(const Digest& root) {
  if (add_summary(root)) return;
  const Packs packs = walk(root);
  needed_.insert(packs.begin(), packs.end());
  // With packs avoided, others may have been taken in their place that are worse for good.
  if (leaves_summaries_) leave_summary(root, packs);
}

// False if there is none that holds. One that names an avoided pack does not say whether another
// pack would do.
bool Mark::add_summary(const Digest& root) {
  const std::string key = store::summary_key(root);
  const std::optional<Bytes> object = store_.origin->find(key);
  if (!object) return false;
  std::vector<PackId> packs;
  try {
    packs = store::decode_summary(*object, root, key);
  } catch (const Error&) {  // damaged, or of another program: it is derived, and made again
    return false;
  }
  const bool holds = std::all_of(packs.begin(), packs.end(), [&](const PackId& pack) {
    return sound_.contains(pack) && !avoided_.contains(pack);
  });
  if (holds) needed_.insert(packs.begin(), packs.end());
  return holds;
}

void Mark::leave_summary(const Digest& root, const Packs& packs) const {
  if (packs.size() > store::listed_packs_max) return;
  const std::string key = store::summary_key(root);
  const Bytes object = store::encode_summary(root, {packs.begin(), packs.end()});
  if (store_.origin->create(key, object)) return;
  store_.origin->remove(key);  // it did not hold
  store_.origin->create(key, object);
}

Mark::Packs Mark::walk(const Digest& root) {
  ++trees_walked_;
  Packs packs;
  const auto manifest = tree::Manifest::open(store_.chunks, store_.segments, root);
  const ChunkRef root_ref{root, 1};
  hold(std::span(&root_ref, 1), packs);
  for (std::size_t i = 0; i < manifest->segments().size(); ++i) {
    const tree::Manifest::SegmentEntry& entry = manifest->segments()[i];
    auto known = segments_.find(entry.digest);
    if (known == segments_.end()) {
      Packs of_segment;
      const ChunkRef ref{entry.digest, entry.size};
      hold(std::span(&ref, 1), of_segment);
      walk_segment(*manifest->segment(i), of_segment);
      if (segments_.size() >= segments_kept_max) segments_.clear();
      known =
          segments_.emplace(entry.digest, std::vector<PackId>(of_segment.begin(), of_segment.end()))
              .first;
    }
    packs.insert(known->second.begin(), known->second.end());
  }
  return packs;
}

void Mark::walk_segment(const tree::Segment& segment, Packs& packs) {
  recipes_.clear();
  std::vector<ChunkRef> chunks;
  for (std::uint32_t entry = 0; entry < segment.count(); ++entry) {
    if (segment.kind(entry) != tree::EntryKind::file || segment.is_in_place(entry) ||
        segment.size(entry) == 0)
      continue;
    const tree::Content content = segment.content(entry);
    if (content.depth == 0)
      chunks.push_back({content.digest, static_cast<std::uint32_t>(segment.size(entry))});
    else
      walk_recipe(content, segment.size(entry), packs);
  }
  hold(chunks, packs);
}

// Recursive, as deep as the recipes are.
void Mark::walk_recipe(const tree::Content& content, std::uint64_t size, Packs& packs) {
  if (!recipes_.insert(content.digest).second) return;
  const ChunkRef own{content.digest, 1};
  hold(std::span(&own, 1), packs);
  const tree::Recipe recipe = tree::read_recipe(*store_.chunks, content, size);
  std::vector<ChunkRef> chunks;
  std::uint64_t begin = 0;
  for (std::size_t i = 0; i < recipe.digests.size(); ++i) {
    const std::uint64_t part_size = recipe.ends[i] - begin;
    begin = recipe.ends[i];
    if (recipe.depth == 1)
      chunks.push_back({recipe.digests[i], static_cast<std::uint32_t>(part_size)});
    else
      walk_recipe({recipe.digests[i], static_cast<std::uint8_t>(recipe.depth - 1)}, part_size,
                  packs);
  }
  hold(chunks, packs);
}

// The best of the packs that have the chunk; empty if none has it.
std::optional<PackId> Mark::find_holder(const ChunkRef& chunk, const Packs& packs) const {
  std::optional<PackId> best;
  int best_rank = 0;
  for (const store::Location& place : store_.chunks->index().find_all(chunk.digest)) {
    if (!sound_.contains(place.pack)) continue;
    const bool is_held = needed_.contains(place.pack) || packs.contains(place.pack);
    const int rank = (avoided_.contains(place.pack) ? 1 : 3) + (is_held ? 1 : 0);
    if (rank <= best_rank) continue;
    best = place.pack;
    best_rank = rank;
  }
  return best;
}

void Mark::hold(std::span<const ChunkRef> chunks, Packs& packs) {
  const std::vector<std::optional<store::Location>> found = store_.chunks->index().find(chunks);
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    if (chunks[i].size == 0) continue;
    // Mostly the chunk is where its neighbour is.
    if (found[i] && packs.contains(found[i]->pack) && !avoided_.contains(found[i]->pack)) continue;
    std::optional<PackId> holder = find_holder(chunks[i], packs);
    if (!holder) {  // it was published after the packs were listed
      store_.chunks->refresh_for_writing();
      learn_sound_packs();
      holder = find_holder(chunks[i], packs);
    }
    if (!holder)
      fail(ErrorKind::corrupt,
           "chunk {} is in no pack of the store {}: nothing was removed; see "
           "grid datastore verify",
           chunks[i].digest.short_hex(), store_.backend->name());
    packs.insert(*holder);
  }
}

}  // namespace grid::collect
