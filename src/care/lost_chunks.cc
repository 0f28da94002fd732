#include "care/lost_chunks.h"

#include "backend/outage.h"
#include "base/error.h"
#include "care/pack_check.h"
#include "tree/content_check.h"

namespace grid::care {

using store::ChunkRef;

namespace {

// Reads chunks, and notes those that the store's index does not know.
class NotingReader : public store::ChunkReader {
 public:
  NotingReader(std::shared_ptr<const store::ChunkStore> chunks, std::set<Digest>& lost)
      : chunks_(std::move(chunks)), lost_(lost) {}

  void read_chunks(std::span<const ChunkRef> chunks, MutableBytesView out) const override {
    note(chunks);
    chunks_->read_chunks(chunks, out);
  }
  Bytes read_chunk(const Digest& digest) const override {
    const ChunkRef chunk{digest, 1};
    note(std::span(&chunk, 1));
    return chunks_->read_chunk(digest);
  }

  // Throws `corrupt` if one of the chunks is lost.
  void note(std::span<const ChunkRef> chunks) const {
    const std::vector<std::optional<store::Location>> found = chunks_->index().find(chunks);
    bool all = true;
    for (std::size_t i = 0; i < chunks.size(); ++i)
      if (!found[i] && chunks[i].size > 0) {
        lost_.insert(chunks[i].digest);
        all = false;
      }
    if (!all) fail(ErrorKind::corrupt, "a chunk is lost");
  }

 private:
  const std::shared_ptr<const store::ChunkStore> chunks_;
  std::set<Digest>& lost_;
};

class Search {
 public:
  explicit Search(const dataset::OpenStore& store)
      : store_(store),
        reader_(std::make_shared<NotingReader>(store.chunks, lost_)),
        contents_(*reader_, [this](const ChunkRef& chunk) { return note(chunk); }) {}

  std::set<Digest> run() {
    for (const std::string& name : store_.datastores->names()) tried([&] { visit(name); });
    return std::move(lost_);
  }
  std::set<Digest> run(const Digest& root) {
    tried([&] { visit(root); });
    return std::move(lost_);
  }

 private:
  // Damage is noted, or verify reports it.
  template <class Step>
  void tried(const Step& step) {
    try {
      step();
    } catch (const Error& error) {
      if (is_outage(*store_.backend, error)) throw;
    }
  }

  void visit(const std::string& name) {
    for (dataset::VersionNumber number : store_.datastores->ready_numbers(name))
      tried([&] {
        if (const auto version = store_.datastores->find(name, number)) visit(version->record.root);
      });
  }

  void visit(const Digest& root) {
    const auto manifest = tree::Manifest::open(reader_, store_.segments, root);
    for (std::size_t i = 0; i < manifest->segments().size(); ++i)
      if (seen_.insert(manifest->segments()[i].digest).second)
        tried([&] { visit(*manifest->segment(i)); });
  }

  void visit(const tree::Segment& segment) {
    for (std::uint32_t i = 0; i < segment.count(); ++i) {
      if (segment.kind(i) != tree::EntryKind::file || segment.is_in_place(i)) continue;
      tried([&] { contents_.problem_of(segment.content(i), segment.size(i)); });
    }
  }

  // Never a problem, so that the search goes on behind a lost chunk.
  std::string note(const ChunkRef& chunk) {
    tried([&] { reader_->note(std::span(&chunk, 1)); });
    return {};
  }

  const dataset::OpenStore& store_;
  std::set<Digest> lost_;
  const std::shared_ptr<NotingReader> reader_;
  tree::ContentCheck contents_;
  std::set<Digest> seen_;  // segments: versions share most of them
};

}  // namespace

std::set<Digest> find_lost_chunks(const dataset::OpenStore& store) { return Search(store).run(); }

std::set<Digest> find_lost_chunks(const dataset::OpenStore& store, const Digest& root) {
  store.chunks->refresh();
  return Search(store).run(root);
}

}  // namespace grid::care
