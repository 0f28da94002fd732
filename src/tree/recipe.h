// Describes a file of many chunks: a small tree of lists, each list a chunk itself.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "store/chunk_reader.h"
#include "store/chunk_session.h"
#include "tree/entries.h"

namespace grid::tree {

// One list: `depth` 1 lists chunks of the file, depth n lists recipes of depth n-1.
struct Recipe {
  std::uint8_t depth = 1;
  std::vector<Digest> digests;
  std::vector<std::uint64_t> ends;  // where each part ends, in the bytes that the recipe describes

  std::uint64_t size() const { return ends.empty() ? 0 : ends.back(); }
};

Recipe decode_recipe(BytesView bytes);  // throws `corrupt`, `unsupported`

// The recipe of a content whose depth is from 1. Throws `corrupt` unless it has this depth and
// describes `size` bytes.
Recipe read_recipe(const store::ChunkReader& chunks, const Content& content, std::uint64_t size);

// Takes a file's chunks in order and gives its content. Lists end at content-defined places, so
// that a change in a large file writes new lists only near it.
class RecipeBuilder {
 public:
  // Stores lists through `writer`, which must outlive the builder.
  explicit RecipeBuilder(store::ChunkWriter& writer) : writer_(writer) {}

  void add(const store::ChunkRef& chunk) { add(0, {chunk.digest, chunk.size}); }

  // The content of everything added; the builder is then empty again.
  Content finish();

 private:
  struct Part {
    Digest digest;
    std::uint64_t size;
  };
  void add(std::size_t level, const Part& part);
  void end_list(std::size_t level);

  store::ChunkWriter& writer_;
  std::vector<std::vector<Part>> levels_;  // the open list of each depth; 0 holds chunks
};

}  // namespace grid::tree
