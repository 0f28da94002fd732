#include "tree/chunk_count.h"

#include <map>
#include <tuple>

#include "tree/recipe.h"

namespace grid::tree {

namespace {

class ChunkCount {
 public:
  explicit ChunkCount(const store::ChunkReader& chunks) : chunks_(chunks) {}

  std::uint64_t of(const Content& content, std::uint64_t size) {
    if (content.depth == 0) return size == 0 ? 0 : 1;
    const Key key{content.depth, size, content.digest.bytes};
    if (const auto known = known_.find(key); known != known_.end()) return known->second;
    const Recipe recipe = read_recipe(chunks_, content, size);
    std::uint64_t count = recipe.digests.size();
    if (recipe.depth > 1) count = of_parts(recipe);
    return known_[key] = count;
  }

 private:
  using Key = std::tuple<std::uint8_t, std::uint64_t, decltype(Digest::bytes)>;

  std::uint64_t of_parts(const Recipe& recipe) {
    std::uint64_t count = 0, begin = 0;  // no part is empty: so the count is not above the size
    for (std::size_t i = 0; i < recipe.digests.size(); ++i) {
      count += of({recipe.digests[i], static_cast<std::uint8_t>(recipe.depth - 1)},
                  recipe.ends[i] - begin);
      begin = recipe.ends[i];
    }
    return count;
  }

  const store::ChunkReader& chunks_;
  std::map<Key, std::uint64_t> known_;  // of recipes
};

}  // namespace

std::uint64_t count_chunks(const store::ChunkReader& chunks, const Content& content,
                           std::uint64_t size) {
  return ChunkCount(chunks).of(content, size);
}

}  // namespace grid::tree
