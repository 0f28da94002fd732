// Problem. A version needs some of the packs of a store. Which ones is said by its tree and its
// recipes, and these lie in packs themselves.
//
// Idea. The indexes say where every chunk is. So the packs with the roots are checked first; then
// the roots can be read, and say which segments there are; and so on, through recipes, to the
// content. Each round walks down as far as what was checked lets it, and checks the packs that
// stopped it, all together. Trees and recipes mostly lie side by side, so there are few rounds.
//
// Why it ends. Every round but the last checks a pack that was not checked before.
#include "care/needed_packs.h"

#include <algorithm>
#include <deque>
#include <future>
#include <set>

#include "base/error.h"
#include "base/thread_pool.h"
#include "store/pack.h"
#include "tree/recipe.h"

namespace grid::care {

using store::PackId;

namespace {

constexpr std::size_t indexes_in_flight_max = 16;

class NeededPacks {
 public:
  NeededPacks(const dataset::OpenStore& store, KeptTrees& trees, VerifyProgress& progress)
      : store_(store), trees_(trees), progress_(progress) {}

  CheckedPacks run(const std::vector<Digest>& roots) {
    listed_ = list_packs(*store_.backend, checked_);
    trees_.show_only({});
    read_indexes();
    for (;;) {
      const std::size_t faults = checked_.faults.size();
      check_wanted();
      // What was lost may lie elsewhere.
      if (!is_blocked_ && checked_.faults.size() == faults && begun_) return std::move(checked_);
      begun_ = true;
      is_blocked_ = false;
      recipes_seen_.clear();
      for (const Digest& root : roots) walk_tree(root);
      if (wanted_.empty()) return std::move(checked_);
    }
  }

 private:
  using Index = std::optional<store::PackIndex>;

  // Where each chunk is, by indexes that are not damaged. Those that are damaged are wanted: which
  // chunks their packs have, nobody can tell.
  void read_indexes() {
    ThreadPool pool(store_.backend->remote() ? indexes_in_flight_max : 1);
    std::deque<std::future<Index>> coming;
    std::size_t asked = 0;
    for (const PackId& pack : listed_.packs) {
      for (; asked < listed_.packs.size() && coming.size() < 2 * indexes_in_flight_max; ++asked)
        coming.push_back(
            pool.submit([this, next = listed_.packs[asked]] { return find_index(next); }));
      if (const Index index = coming.front().get())
        places_.add_pack(pack, index->entries);
      else
        wanted_.insert(pack);
      coming.pop_front();
    }
  }

  Index find_index(const PackId& pack) {
    const std::string key = store::pack_index_key(pack);
    try {
      const std::optional<Bytes> object = store_.backend->find(key);
      if (!object) return std::nullopt;
      store::PackIndex index = store::decode_pack_index(*object, key);
      trees_.keep(key, 0, *object);  // it is not asked for again
      return index;
    } catch (const Error& error) {  // the check names it
      if (is_outage(*store_.backend, error)) throw;
      return std::nullopt;
    }
  }

  void check_wanted() {
    if (wanted_.empty()) return;
    const std::vector<PackId> packs(wanted_.begin(), wanted_.end());
    wanted_.clear();
    done_.insert(packs.begin(), packs.end());
    trees_.show_only(done_);
    check_some_packs(store_, listed_, packs, Salvage::no,
                     store_.backend->remote() ? &trees_ : nullptr, progress_, checked_);
  }

  // Whether a checked pack has the chunk. Else one that may have it is wanted, if there is one.
  bool is_there(const Digest& chunk) {
    if (store_.chunks->index().find(chunk)) return true;
    for (const store::Location& place : places_.find_all(chunk))
      if (!done_.contains(place.pack)) {
        wanted_.insert(place.pack);
        return false;
      }
    return false;
  }

  // The same for a chunk that names others.
  bool can_be_read(const Digest& chunk) {
    if (is_there(chunk)) return true;
    is_blocked_ = true;
    return false;
  }

  void walk_tree(const Digest& root) {
    if (!can_be_read(root)) return;
    try {
      const auto manifest = tree::Manifest::open(store_.chunks, store_.segments, root);
      for (std::size_t i = 0; i < manifest->segments().size(); ++i)
        if (can_be_read(manifest->segments()[i].digest)) walk_segment(*manifest, i);
    } catch (const Error& error) {  // the walk that follows the check names it
      if (is_outage(*store_.backend, error)) throw;
    }
  }

  void walk_segment(const tree::Manifest& manifest, std::size_t index) {
    try {
      const std::shared_ptr<const tree::Segment> segment = manifest.segment(index);
      for (std::uint32_t entry = 0; entry < segment->count(); ++entry)
        if (segment->kind(entry) == tree::EntryKind::file && !segment->is_in_place(entry))
          walk_content(segment->content(entry), segment->size(entry));
    } catch (const Error& error) {  // as above
      if (is_outage(*store_.backend, error)) throw;
    }
  }

  // Recursive, as deep as the recipes are.
  void walk_content(const tree::Content& content, std::uint64_t size) {
    if (size == 0) return;
    if (content.depth == 0) {
      is_there(content.digest);
      return;
    }
    if (!recipes_seen_.emplace(content.digest, content.depth).second) return;
    if (!can_be_read(content.digest)) return;
    try {
      const tree::Recipe recipe = tree::read_recipe(*store_.chunks, content, size);
      const auto depth_below = static_cast<std::uint8_t>(content.depth - 1);
      std::uint64_t begin = 0;
      for (std::size_t i = 0; i < recipe.digests.size(); ++i) {
        walk_content({recipe.digests[i], depth_below}, recipe.ends[i] - begin);
        begin = recipe.ends[i];
      }
    } catch (const Error& error) {  // as above
      if (is_outage(*store_.backend, error)) throw;
    }
  }

  const dataset::OpenStore& store_;
  KeptTrees& trees_;
  VerifyProgress& progress_;
  CheckedPacks checked_;
  ListedPacks listed_;
  store::ChunkIndex places_{{}};  // of all packs, checked or not
  std::set<PackId> done_, wanted_;
  std::set<std::pair<Digest, std::uint8_t>> recipes_seen_;  // in this round
  bool begun_ = false;
  bool is_blocked_ = false;  // something that names chunks could not be read in this round
};

}  // namespace

CheckedPacks check_needed_packs(const dataset::OpenStore& store, const std::vector<Digest>& roots,
                                KeptTrees& trees, VerifyProgress& progress) {
  return NeededPacks(store, trees, progress).run(roots);
}

}  // namespace grid::care
