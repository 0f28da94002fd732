// All chunks of a tree.
#pragma once

#include <span>
#include <unordered_set>

#include "dataset/open_store.h"
#include "store/chunk_reader.h"

namespace grid::collect {

// Reads a tree and its recipes, not its files, and calls for each chunk: the root, each segment,
// then the chunks of its files with the recipes that list them, in the order of the tree. A chunk
// may come several times. Not thread-safe.
class TreeChunks {
 public:
  explicit TreeChunks(const dataset::OpenStore& store) : store_(store) {}
  virtual ~TreeChunks() = default;

  // Throws `corrupt` if the tree or a recipe cannot be read, and what the calls below throw.
  void visit(const Digest& root);

 protected:
  // Chunks in their order. Sizes are in bytes; that of a list of chunks is not known, and not 0.
  virtual void on_chunks(std::span<const store::ChunkRef> chunks) = 0;
  // Whether a segment and what its files have is visited: versions share most of theirs.
  virtual bool on_segment(const Digest& segment) = 0;
  virtual void on_segment_end() {}

 private:
  void visit_segment(const tree::Segment& segment);
  void visit_recipe(const tree::Content& content, std::uint64_t size);
  void visit_list(const Digest& digest);

  const dataset::OpenStore& store_;
  std::unordered_set<Digest, DigestHash> recipes_;  // of this segment
};

}  // namespace grid::collect
