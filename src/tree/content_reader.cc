#include "tree/content_reader.h"

#include <algorithm>
#include <mutex>

#include "base/error.h"
#include "base/lru.h"
#include "tree/recipe.h"

namespace grid::tree {

using store::ChunkRef;

// A cache of recipes; the least recently used leaves first.
struct ContentReader::Recipes {
  explicit Recipes(std::size_t size_max) : recipes(size_max) {}

  static std::size_t memory_size(const Recipe& recipe) { return recipe.digests.size() * 40 + 200; }

  // Null if it is not here. One with other numbers is asked for by a damaged tree: read_recipe()
  // reports it.
  std::shared_ptr<const Recipe> find(const Content& content, std::uint64_t size) {
    std::lock_guard lock(mutex);
    const auto* recipe = recipes.find(content.digest);
    if (recipe && (*recipe)->depth == content.depth && (*recipe)->size() == size) return *recipe;
    return nullptr;
  }

  std::shared_ptr<const Recipe> get(const store::ChunkReader& chunks, const Content& content,
                                    std::uint64_t size) {
    if (std::shared_ptr<const Recipe> known = find(content, size)) return known;
    auto recipe = std::make_shared<const Recipe>(read_recipe(chunks, content, size));
    std::lock_guard lock(mutex);
    return recipes.add(content.digest, recipe, memory_size(*recipe));
  }

  std::mutex mutex;
  Lru<Digest, std::shared_ptr<const Recipe>, DigestHash> recipes;  // guarded by mutex
};

ContentReader::ContentReader(std::shared_ptr<const store::ChunkReader> chunks,
                             std::size_t recipe_cache_size_max)
    : chunks_(std::move(chunks)),
      recipes_(std::make_unique<Recipes>(recipe_cache_size_max)),
      sequential_(chunks_->expected_max()) {}

ContentReader::~ContentReader() = default;

// The chunks that cover a range of a file, and where the first of them begins.
struct ContentReader::Cover {
  explicit Cover(ByteRange wanted, std::size_t chunks_max = SIZE_MAX)
      : range(wanted), count_max(chunks_max) {}

  const ByteRange range;
  const std::size_t count_max;      // further chunks are left out
  bool uses_known_recipes = false;  // and no others
  bool lacks_recipe = false;        // as one is not known
  std::vector<ChunkRef> chunks;
  std::uint64_t begin = 0;
  std::uint64_t size = 0;  // bytes of all chunks
};

// Adds the chunks of one content of `size` bytes, which lies at `at` in the file, that touch the
// cover's range.
void ContentReader::add_to(Cover& cover, const Content& content, std::uint64_t size,
                           std::uint64_t at) const {
  if (content.depth == 0) {
    if (cover.chunks.empty()) cover.begin = at;
    cover.chunks.push_back({content.digest, static_cast<std::uint32_t>(size)});
    cover.size += size;
    return;
  }
  std::shared_ptr<const Recipe> recipe = cover.uses_known_recipes
                                             ? recipes_->find(content, size)
                                             : recipes_->get(*chunks_, content, size);
  if (recipe == nullptr) return void(cover.lacks_recipe = true);
  std::uint64_t wanted = cover.range.begin > at ? cover.range.begin - at : 0;
  auto part = static_cast<std::size_t>(
      std::upper_bound(recipe->ends.begin(), recipe->ends.end(), wanted) - recipe->ends.begin());
  for (; part < recipe->ends.size(); ++part) {
    std::uint64_t part_begin = part == 0 ? 0 : recipe->ends[part - 1];
    if (at + part_begin >= cover.range.end || cover.chunks.size() >= cover.count_max) return;
    Content below{recipe->digests[part], static_cast<std::uint8_t>(content.depth - 1)};
    add_to(cover, below, recipe->ends[part] - part_begin, at + part_begin);
  }
}

BytesView ContentReader::read_content(const Content& content, std::uint64_t file_size,
                                      std::uint64_t offset, std::size_t size,
                                      Bytes& scratch) const {
  if (offset >= file_size) return {};
  std::uint64_t end = std::min<std::uint64_t>(file_size, offset + size);
  Cover cover({offset, end});
  add_to(cover, content, file_size, 0);
  if (auto next = sequential_.note(content.digest, offset, end, file_size))
    expect(content, file_size, *next);
  scratch.resize(cover.size);
  chunks_->read_chunks(cover.chunks, scratch);
  return BytesView(scratch).subspan(offset - cover.begin, end - offset);
}

std::vector<ChunkRef> ContentReader::chunks_in(const Content& content, std::uint64_t file_size,
                                               ByteRange range, std::size_t count_max) const {
  if (content.depth == Content::in_place || range.begin >= file_size) return {};
  Cover cover({range.begin, std::min(range.end, file_size)}, count_max);
  add_to(cover, content, file_size, 0);
  return std::move(cover.chunks);
}

bool ContentReader::is_in_memory(const Content& content, std::uint64_t file_size,
                                 ByteRange range) const {
  if (content.depth == Content::in_place) return false;
  if (range.begin >= file_size) return true;
  Cover cover({range.begin, std::min(range.end, file_size)});
  cover.uses_known_recipes = true;
  add_to(cover, content, file_size, 0);
  return !cover.lacks_recipe && chunks_->is_in_memory(cover.chunks);
}

void ContentReader::expect(const Content& content, std::uint64_t file_size, ByteRange range) const {
  static constexpr std::size_t chunks_max = 32 << 10;  // a window of 64 MiB has a third of that
  try {
    Cover cover(range, chunks_max);
    add_to(cover, content, file_size, 0);
    chunks_->expect(cover.chunks);
  } catch (const Error&) {
    // A reader that gets there hears of the damage.
  }
}

static void visit_lists(const store::ChunkReader& chunks, const Content& content,
                        std::uint64_t size,
                        const std::function<void(std::span<const ChunkRef>)>& visit) {
  if (content.depth == 0) {
    ChunkRef chunk{content.digest, static_cast<std::uint32_t>(size)};
    visit(std::span(&chunk, 1));
    return;
  }
  const Recipe recipe = read_recipe(chunks, content, size);
  std::vector<ChunkRef> refs;
  for (std::size_t i = 0; i < recipe.digests.size(); ++i) {
    std::uint64_t part_size = recipe.ends[i] - (i == 0 ? 0 : recipe.ends[i - 1]);
    if (recipe.depth == 1)
      refs.push_back({recipe.digests[i], static_cast<std::uint32_t>(part_size)});
    else
      visit_lists(chunks, {recipe.digests[i], static_cast<std::uint8_t>(recipe.depth - 1)},
                  part_size, visit);
  }
  if (!refs.empty()) visit(refs);
}

void ContentReader::visit_chunks(
    const Content& content, std::uint64_t file_size,
    const std::function<void(std::span<const ChunkRef>)>& visit) const {
  if (file_size > 0 && content.depth != Content::in_place)
    visit_lists(*chunks_, content, file_size, visit);
}

}  // namespace grid::tree
