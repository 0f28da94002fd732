#include "tree/content_check.h"

#include "base/error.h"
#include "tree/recipe.h"

namespace grid::tree {

std::string ContentCheck::problem_of(const Content& content, std::uint64_t size) {
  if (size == 0) return {};
  if (content.depth == 0)
    return problem_of_chunk_({content.digest, static_cast<std::uint32_t>(size)});
  const Key key{content.digest, content.depth, size};
  if (const auto at = known_.find(key); at != known_.end()) return at->second;
  std::string problem;
  try {
    problem = problem_of_recipe(content, size);
  } catch (const Error& error) {  // the recipe itself cannot be used
    if (error.kind() == ErrorKind::unavailable) throw;
    problem = error.what();
  }
  return known_.emplace(key, std::move(problem)).first->second;
}

// Recursive, as deep as the recipes are.
std::string ContentCheck::problem_of_recipe(const Content& content, std::uint64_t size) {
  const Recipe recipe = read_recipe(chunks_, content, size);
  const auto depth_below = static_cast<std::uint8_t>(content.depth - 1);
  std::uint64_t begin = 0;
  for (std::size_t i = 0; i < recipe.digests.size(); ++i) {
    std::string problem = problem_of({recipe.digests[i], depth_below}, recipe.ends[i] - begin);
    if (!problem.empty()) return problem;
    begin = recipe.ends[i];
  }
  return {};
}

}  // namespace grid::tree
