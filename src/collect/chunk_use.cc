#include "collect/chunk_use.h"

#include "collect/mark.h"

namespace grid::collect {

using store::ChunkRef;

ChunkUse::ChunkUse(const dataset::OpenStore& store) : TreeChunks(store), store_(store) {
  store.chunks->refresh();
}

void ChunkUse::add(const Digest& root, Counted counted) {
  counted_ = counted;
  visit(root);
}

bool ChunkUse::on_segment(const Digest& segment) {
  const auto group = static_cast<std::uint32_t>(groups_.size());
  std::uint32_t& last = segments_[segment];  // 0: none
  if (last == group) return false;
  last = group;
  return true;
}

void ChunkUse::use(Use& use, std::uint32_t group, bool is_new) {
  if (!is_new && use.group == group) return;
  GroupUse& now = groups_[group];
  now.needed += use.stored_size;
  if (is_new) {
    now.alone += use.stored_size;
    needed_ += use.stored_size;
  } else if (!use.is_shared) {
    groups_[use.group].alone -= use.stored_size;
    use.is_shared = true;
  }
  use.group = group;
}

void ChunkUse::on_chunks(std::span<const ChunkRef> chunks) {
  const auto group = static_cast<std::uint32_t>(groups_.size() - 1);
  for (const ChunkRef& chunk : chunks) {
    if (chunk.size == 0) continue;
    if (const auto known = chunks_.find(chunk.digest); known != chunks_.end()) {
      use(known->second, group, false);
    } else if (counted_ == Counted::all) {
      const std::optional<store::Location> at = store_.chunks->index().find(chunk.digest);
      const auto size = at ? static_cast<std::uint32_t>(stored_size(at->place)) : 0;
      use(chunks_.emplace(chunk.digest, Use{size, group}).first->second, group, true);
    }
  }
}

}  // namespace grid::collect
