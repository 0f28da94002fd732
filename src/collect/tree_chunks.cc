#include "collect/tree_chunks.h"

#include <vector>

#include "tree/recipe.h"

namespace grid::collect {

using store::ChunkRef;

void TreeChunks::visit_list(const Digest& digest) {
  const ChunkRef list{digest, 1};
  on_chunks(std::span(&list, 1));
}

void TreeChunks::visit(const Digest& root) {
  const auto manifest = tree::Manifest::open(store_.chunks, store_.segments, root);
  visit_list(root);
  for (std::size_t i = 0; i < manifest->segments().size(); ++i) {
    const Digest& digest = manifest->segments()[i].digest;
    if (!on_segment(digest)) continue;
    visit_list(digest);
    visit_segment(*manifest->segment(i));
    on_segment_end();
  }
}

void TreeChunks::visit_segment(const tree::Segment& segment) {
  recipes_.clear();
  std::vector<ChunkRef> chunks;
  for (std::uint32_t entry = 0; entry < segment.count(); ++entry) {
    if (segment.kind(entry) != tree::EntryKind::file || segment.is_in_place(entry) ||
        segment.size(entry) == 0)
      continue;
    const tree::Content content = segment.content(entry);
    if (content.depth == 0) {
      chunks.push_back({content.digest, static_cast<std::uint32_t>(segment.size(entry))});
      continue;
    }
    on_chunks(chunks);
    chunks.clear();
    visit_recipe(content, segment.size(entry));
  }
  on_chunks(chunks);
}

// Recursive, as deep as the recipes are.
void TreeChunks::visit_recipe(const tree::Content& content, std::uint64_t size) {
  if (!recipes_.insert(content.digest).second) return;
  visit_list(content.digest);
  const tree::Recipe recipe = tree::read_recipe(*store_.chunks, content, size);
  std::vector<ChunkRef> chunks;
  std::uint64_t begin = 0;
  for (std::size_t i = 0; i < recipe.digests.size(); ++i) {
    const std::uint64_t part_size = recipe.ends[i] - begin;
    begin = recipe.ends[i];
    if (recipe.depth == 1)
      chunks.push_back({recipe.digests[i], static_cast<std::uint32_t>(part_size)});
    else
      visit_recipe({recipe.digests[i], static_cast<std::uint8_t>(recipe.depth - 1)}, part_size);
  }
  on_chunks(chunks);
}

}  // namespace grid::collect
