// Finds out whether the contents of many files are whole, and reads no recipe twice.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>

#include "store/chunk_reader.h"
#include "tree/entries.h"

namespace grid::tree {

// What a content costs grows with its distinct recipes, however often a file repeats them. Not
// thread-safe.
class ContentCheck {
 public:
  // Why the bytes of a chunk cannot be had; empty if they can.
  using ChunkProblem = std::function<std::string(const store::ChunkRef&)>;

  // `chunks` gives the recipes, and must outlive this.
  ContentCheck(const store::ChunkReader& chunks, ChunkProblem problem_of_chunk)
      : chunks_(chunks), problem_of_chunk_(std::move(problem_of_chunk)) {}

  // Why a file of `size` bytes, not in place, cannot be read: the first problem. Empty if it can.
  // Throws `unavailable` if a recipe cannot be had now, which says nothing of the content.
  std::string problem_of(const Content& content, std::uint64_t size);

 private:
  struct Key {
    Digest digest;
    std::uint8_t depth = 0;
    std::uint64_t size = 0;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept { return DigestHash()(key.digest); }
  };

  std::string problem_of_recipe(const Content& content, std::uint64_t size);

  const store::ChunkReader& chunks_;
  const ChunkProblem problem_of_chunk_;
  std::unordered_map<Key, std::string, KeyHash> known_;  // problems of recipes
};

}  // namespace grid::tree
