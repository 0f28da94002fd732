// Finds the packs that versions need.
#pragma once

#include <memory>
#include <set>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "dataset/open_store.h"
#include "store/layout.h"

namespace grid::collect {

// Each chunk of a version that is added has a holder: a pack that has all of its data and is in
// needed(). Of several packs with a chunk, one that is needed anyway is taken before others, and
// one that is `avoided` only if there is no other. Not thread-safe.
//
// The packs are as of the last ChunkStore::refresh_for_writing(); newer ones are found if need be.
class Mark {
 public:
  // `leaves_summaries`: else nothing is written to the store.
  explicit Mark(const dataset::OpenStore& store, std::set<store::PackId> avoided = {},
                bool leaves_summaries = true);

  // Reads the summary of the tree with this root; or the tree and its recipes, not its files, and
  // leaves a summary. Throws `corrupt` if a chunk is in no pack, or a list of chunks cannot be
  // read: what the version needs is not known then.
  void add(const Digest& root);

  const std::set<store::PackId>& needed() const { return needed_; }
  std::uint64_t trees_walked() const { return trees_walked_; }

 private:
  using Packs = std::set<store::PackId>;

  bool add_summary(const Digest& root);
  void leave_summary(const Digest& root, const Packs& packs) const;
  Packs walk(const Digest& root);
  void walk_segment(const tree::Segment& segment, Packs& packs);
  void walk_recipe(const tree::Content& content, std::uint64_t size, Packs& packs);
  void hold(std::span<const store::ChunkRef> chunks, Packs& packs);
  std::optional<store::PackId> find_holder(const store::ChunkRef& chunk, const Packs& packs) const;
  void learn_sound_packs();

  const dataset::OpenStore& store_;
  const std::set<store::PackId> avoided_;
  const bool leaves_summaries_;
  Packs sound_;  // that are there with all of their data
  Packs needed_;
  std::uint64_t trees_walked_ = 0;
  // Versions share segments. Cleared when there are many.
  std::unordered_map<Digest, std::vector<store::PackId>, DigestHash> segments_;
  std::unordered_set<Digest, DigestHash> recipes_;  // of this segment
};

}  // namespace grid::collect
