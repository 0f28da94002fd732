#include "tree/recipe.h"

#include "base/error.h"
#include "base/wire.h"
#include "store/pack.h"
#include "tree/rules.h"

namespace grid::tree {

// A recipe, all integers little-endian:
//   magic "GRCP", u16 format, u8 depth, u8 zero, u32 count, count digests,
//   count sizes: u32 at depth 1, u64 above.
static constexpr std::uint32_t recipe_magic = 0x50435247;  // "GRCP"
static constexpr std::uint16_t recipe_format = 1;

static constexpr std::size_t list_count_min = 128, list_count_max = 2048;
static constexpr std::uint64_t list_end_mask = 255;  // on average 256 parts after the minimum

Recipe decode_recipe(BytesView bytes) {
  WireReader in(bytes, "recipe");
  if (in.integer<std::uint32_t>() != recipe_magic)
    fail(ErrorKind::corrupt, "recipe: it has no recipe header");
  if (auto found = in.integer<std::uint16_t>(); found != recipe_format)
    fail(ErrorKind::unsupported, "recipe: has format {}; this program reads format {}", found,
         recipe_format);
  Recipe recipe;
  recipe.depth = in.integer<std::uint8_t>();
  const auto zero = in.integer<std::uint8_t>();
  auto count = in.integer<std::uint32_t>();
  if (zero != 0 || recipe.depth < 1 || recipe.depth > content_depth_max || count == 0 ||
      count > bytes.size() / 36)
    fail(ErrorKind::corrupt, "recipe: its header is damaged");
  recipe.digests.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) recipe.digests.push_back(in.digest());
  recipe.ends.reserve(count);
  std::uint64_t end = 0;
  const std::uint64_t part_size_max = recipe.depth == 1 ? store::frame_size_max : file_size_max;
  for (std::uint32_t i = 0; i < count; ++i) {
    std::uint64_t size =
        recipe.depth == 1 ? in.integer<std::uint32_t>() : in.integer<std::uint64_t>();
    if (size == 0 || size > part_size_max || size > file_size_max - end)
      fail(ErrorKind::corrupt, "recipe: a size is damaged");
    recipe.ends.push_back(end += size);
  }
  in.finish();
  return recipe;
}

Recipe read_recipe(const store::ChunkReader& chunks, const Content& content, std::uint64_t size) {
  Recipe recipe = decode_recipe(chunks.read_chunk(content.digest));
  if (recipe.depth != content.depth)
    fail(ErrorKind::corrupt, "recipe {}: has depth {}, expected {}", content.digest.short_hex(),
         recipe.depth, content.depth);
  if (recipe.size() != size)
    fail(ErrorKind::corrupt, "recipe {}: describes {} bytes, expected {}",
         content.digest.short_hex(), recipe.size(), size);
  return recipe;
}

void RecipeBuilder::add(std::size_t level, const Part& part) {
  if (levels_.size() == level) levels_.emplace_back();
  std::vector<Part>& list = levels_[level];
  list.push_back(part);
  bool ends_here = list.size() >= list_count_min && (part.digest.prefix() & list_end_mask) == 0;
  if (ends_here || list.size() == list_count_max) end_list(level);
}

// Stores the open list of a level and adds it to the level above.
void RecipeBuilder::end_list(std::size_t level) {
  const std::vector<Part>& list = levels_[level];
  Bytes bytes;
  append(bytes, recipe_magic);
  append(bytes, recipe_format);
  append(bytes, static_cast<std::uint8_t>(level + 1));
  append(bytes, std::uint8_t{0});
  append(bytes, static_cast<std::uint32_t>(list.size()));
  for (const Part& part : list) append(bytes, BytesView(part.digest.bytes));
  std::uint64_t size = 0;
  for (const Part& part : list) {
    size += part.size;
    if (level == 0)
      append(bytes, static_cast<std::uint32_t>(part.size));
    else
      append(bytes, part.size);
  }
  levels_[level].clear();
  add(level + 1, {writer_.put(bytes).digest, size});
}

Content RecipeBuilder::finish() {
  Content content{digest_of({}), 0};
  for (std::size_t level = 0; level < levels_.size(); ++level) {
    bool top = level + 1 == levels_.size();
    if (top && levels_[level].size() == 1) {
      content = {levels_[level].front().digest, static_cast<std::uint8_t>(level)};
      break;
    }
    if (!levels_[level].empty()) end_list(level);  // may add a level
  }
  levels_.clear();
  return content;
}

}  // namespace grid::tree
