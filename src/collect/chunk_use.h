// Who needs how much of what is stored.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "collect/tree_chunks.h"
#include "dataset/open_store.h"

namespace grid::collect {

// In bytes as they are stored: of a frame, a chunk has its share.
struct GroupUse {
  std::uint64_t needed = 0;  // by any tree of the group
  std::uint64_t alone = 0;   // of them, by no tree of another group
};

// Which chunks are looked at: all, or only those that trees before have needed.
enum class Counted { all, known };

// Counts the chunks of groups of trees: a datastore's versions, or each version by itself. Keeps
// about 60 bytes for each chunk that it looks at. Not thread-safe.
class ChunkUse : private TreeChunks {
 public:
  explicit ChunkUse(const dataset::OpenStore& store);

  // The trees of a group come one after the other. Throws `corrupt` as TreeChunks does. A chunk
  // that is in no pack has no size: verify names it.
  void begin_group() { groups_.emplace_back(); }
  void add(const Digest& root, Counted counted = Counted::all);

  // In the order in which they were begun.
  const std::vector<GroupUse>& groups() const { return groups_; }
  std::uint64_t needed_in_all() const { return needed_; }

 private:
  struct Use {
    std::uint32_t stored_size = 0;
    std::uint32_t group = 0;  // the last that needs it
    bool is_shared = false;   // another does, too
  };
  void on_chunks(std::span<const store::ChunkRef> chunks) override;
  bool on_segment(const Digest& segment) override;
  void use(Use& use, std::uint32_t group, bool is_new);

  const dataset::OpenStore& store_;
  std::vector<GroupUse> groups_;
  std::uint64_t needed_ = 0;
  Counted counted_ = Counted::all;
  std::unordered_map<Digest, Use, DigestHash> chunks_;
  std::unordered_map<Digest, std::uint32_t, DigestHash> segments_;  // the last group with each
};

}  // namespace grid::collect
