#include "create/lost_content.h"

#include <algorithm>

#include "base/error.h"
#include "tree/content_check.h"

namespace grid::create {

// Empty if a pack that has lost nothing has the chunk.
static std::string problem_of(const store::ChunkRef& chunk, const store::ChunkIndex& index,
                              const store::ShortPacks& short_packs) {
  const std::vector<store::Location> places = index.find_all(chunk.digest);
  if (places.empty()) return fmt::format("chunk {} is not in the store", chunk.digest.short_hex());
  for (const store::Location& place : places)
    if (!short_packs.contains(place.pack)) return {};
  const store::PackId& pack = places.front().pack;
  return short_packs.at(pack).reason(pack);
}

void refuse_lost_content(const dataset::OpenStore& store, const Digest& root) {
  const std::shared_ptr<const store::ShortPacks> short_packs = store.chunks->short_packs();
  tree::ContentCheck contents(*store.chunks, [&](const store::ChunkRef& chunk) {
    return problem_of(chunk, store.chunks->index(), *short_packs);
  });
  const auto manifest = tree::Manifest::open(store.chunks, store.segments, root);
  for (std::size_t i = 0; i < manifest->segments().size(); ++i) {
    const std::shared_ptr<const tree::Segment> segment = manifest->segment(i);
    for (std::uint32_t entry = 0; entry < segment->count(); ++entry) {
      if (segment->kind(entry) != tree::EntryKind::file || segment->is_in_place(entry)) continue;
      const std::string problem =
          contents.problem_of(segment->content(entry), segment->size(entry));
      if (!problem.empty())
        fail(ErrorKind::corrupt,
             "{}: its content is lost: {}; run grid store repair, with --from if you have the "
             "files, and then this again; nothing was published",
             segment->entry(entry).path(), problem);
    }
  }
}

}  // namespace grid::create
