#include "create/lost_content.h"

#include <algorithm>

#include "base/error.h"
#include "store/chunk_session.h"
#include "tree/content_check.h"

namespace grid::create {

namespace {

// Reads the lists of chunks that are a tree: root, segments and recipes are chunks too.
class SecuredContent : private store::ChunkReader {
 public:
  SecuredContent(const dataset::OpenStore& store, const store::LeaseId& lease,
                 std::atomic<std::uint64_t>& bytes_stored)
      : store_(store),
        short_packs_(store.chunks->short_packs()),
        session_(*store.chunks, bytes_stored, {}, nullptr, lease) {
    writers_.push_back(std::make_unique<store::ChunkWriter>(session_));
  }

  void add(const Digest& root) {
    tree::ContentCheck contents(
        *this, [&](const store::ChunkRef& chunk) { return problem_of(chunk.digest); });
    secure(root);
    const auto manifest = tree::Manifest::open(store_.chunks, store_.segments, root);
    for (std::size_t i = 0; i < manifest->segments().size(); ++i) {
      secure(manifest->segments()[i].digest);
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
  void finish() { session_.finish(std::move(writers_)); }

 private:
  void read_chunks(std::span<const store::ChunkRef> chunks, MutableBytesView out) const override {
    store_.chunks->read_chunks(chunks, out);
  }
  Bytes read_chunk(const Digest& digest) const override {
    secure(digest);
    return store_.chunks->read_chunk(digest);
  }

  void secure(const Digest& digest) const {
    if (const std::string problem = problem_of(digest); !problem.empty())
      fail(ErrorKind::corrupt, "{}", problem);
  }
  // Empty if a pack that has lost nothing has the chunk, or has it now.
  std::string problem_of(const Digest& digest) const {
    const std::vector<store::Location> places = store_.chunks->index().find_all(digest);
    if (places.empty()) return fmt::format("chunk {} is not in the store", digest.short_hex());
    bool is_excluded = false;
    for (const store::Location& place : places) {
      const auto found = short_packs_->find(place.pack);
      if (found == short_packs_->end()) return {};
      is_excluded |= found->second.is_excluded;
    }
    const store::PackId& pack = places.front().pack;
    if (!is_excluded) return short_packs_->at(pack).reason(pack);
    writers_[0]->put(store_.chunks->read_chunk(digest), digest);
    return {};
  }

  const dataset::OpenStore& store_;
  const std::shared_ptr<const store::ShortPacks> short_packs_;
  store::ChunkSession session_;
  std::vector<std::unique_ptr<store::ChunkWriter>> writers_;
};

}  // namespace

void secure_content(const dataset::OpenStore& store, const Digest& root,
                    const store::LeaseId& lease, std::atomic<std::uint64_t>& bytes_stored) {
  SecuredContent content(store, lease, bytes_stored);
  content.add(root);
  content.finish();
}

}  // namespace grid::create
