// Makes packs of which little is live into garbage: what is live of them goes to new packs.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "collect/mark.h"
#include "collect/tree_chunks.h"
#include "store/lease.h"

namespace grid::collect {

// To be given every tree that needs one of the candidates; then it knows what is live of them: the
// chunks that no other sound pack has. Not thread-safe.
class Rewriting : private TreeChunks {
 public:
  // `candidates`: with the bytes of their data. As of the last ChunkStore::refresh_for_writing().
  Rewriting(const dataset::OpenStore& store, std::map<store::PackId, std::uint64_t> candidates);

  // Throws as TreeChunks::visit() does.
  void add(const Digest& root) { visit(root); }

  // The candidates of which at most so many per cent are live; the emptiest first, and so many that
  // at most `bytes_max` are live in them. `is_bounded` tells whether others were left for that.
  struct Choice {
    Packs packs;
    std::uint64_t bytes_live = 0;
    bool is_bounded = false;
  };
  Choice choose(unsigned live_percent_max, std::uint64_t bytes_max) const;

  // Copies what is live of these, in the order of the trees, and returns the bytes written. Then
  // every chunk of the trees is in other packs. Calls `check_stop` now and then, which may throw.
  // Throws `corrupt` if a chunk is damaged.
  std::uint64_t copy(const Packs& packs, const store::LeaseId& lease,
                     const std::function<void()>& check_stop) const;

 private:
  struct Live {
    store::ChunkRef chunk;
    store::PackId pack;  // one of those that have it
  };

  void on_chunks(std::span<const store::ChunkRef> chunks) override;
  bool on_segment(const Digest& segment) override { return segments_.insert(segment).second; }
  std::vector<store::ChunkRef> live_of(const Packs& packs) const;

  const dataset::OpenStore& store_;
  const std::map<store::PackId, std::uint64_t> candidates_;
  const Packs sound_;
  std::unordered_set<Digest, DigestHash> segments_, seen_;
  std::vector<Live> live_;
  std::map<store::PackId, std::uint64_t> bytes_live_;
};

}  // namespace grid::collect
