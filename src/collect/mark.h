// Finds the packs that versions need.
#pragma once

#include <map>
#include <set>
#include <unordered_map>
#include <vector>

#include "collect/tree_chunks.h"
#include "dataset/open_store.h"
#include "store/pack_list.h"

namespace grid::collect {

using Packs = std::set<store::PackId>;

// Those that are there with all of their data, as of the last ChunkStore::refresh_for_writing().
Packs sound_packs(const store::ChunkStore& chunks);

// The bytes that a chunk takes in its pack: its share of the frame that it is packed in.
std::uint64_t stored_size(const store::Placement& place);

// False if the summary of a tree says that it needs none of these packs.
bool may_need(const backend::Backend& origin, const Digest& root, const Packs& packs);

enum class Summaries {
  leave,      // each tree that was walked gets one, or a new one
  only_read,  // nothing is written to the store
};

// Each chunk of a version that is added has a holder: a pack that has all of its data and is in
// needed(). Of several packs with a chunk, one that is needed anyway is taken before others, and
// one that is `avoided` only if there is no other. Not thread-safe.
//
// The packs are as of the last ChunkStore::refresh_for_writing(); newer ones are found if need be.
class Mark : private TreeChunks {
 public:
  Mark(const dataset::OpenStore& store, Packs avoided, Summaries summaries);

  // Reads the summary of the tree with this root; or the tree and its recipes, not its files, and
  // leaves a summary. Throws `corrupt` if a chunk is in no pack, or a list of chunks cannot be
  // read: what the version needs is not known then.
  void add(const Digest& root);

  // With how many bytes of each one tree needs: the tree that needs most of it, and at most so
  // many.
  const std::map<store::PackId, std::uint64_t>& needed() const { return needed_; }
  std::uint64_t trees_walked() const { return trees_walked_; }

 private:
  using Shares = std::map<store::PackId, std::uint64_t>;

  bool add_summary(const Digest& root);
  void leave_summary(const Digest& root, const Shares& shares) const;
  void need(const store::PackId& pack, std::uint64_t bytes);
  void on_chunks(std::span<const store::ChunkRef> chunks) override;
  bool on_segment(const Digest& segment) override;
  void on_segment_end() override;
  bool is_held(const store::PackId& pack) const;
  std::optional<store::Location> find_holder(const store::ChunkRef& chunk) const;

  const dataset::OpenStore& store_;
  const Packs avoided_;
  const Summaries summaries_;
  Packs sound_;
  Shares needed_;
  std::uint64_t trees_walked_ = 0;
  Shares of_tree_, of_segment_;  // of those that are walked now
  std::optional<Digest> segment_;
  // Versions share segments. Cleared when there are many.
  std::unordered_map<Digest, std::vector<store::PackShare>, DigestHash> segments_;
};

}  // namespace grid::collect
