#include "store/chunk_store.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <deque>
#include <future>
#include <iterator>
#include <mutex>
#include <set>

#include "base/error.h"
#include "base/thread_pool.h"
#include "store/layout.h"
#include "store/pack.h"

namespace grid::store {

// A chunk to be read: where it lies and where its bytes go.
struct ChunkStore::Located {
  Digest digest;
  Location at;
  MutableBytesView out;
};

ChunkStore::ChunkStore(std::shared_ptr<backend::Backend> backend, const StoreMarker& marker,
                       ChunkStoreOptions options)
    : backend_(std::move(backend)),
      index_(std::make_unique<ChunkIndex>(options.cache_folder.empty()
                                              ? options.cache_folder
                                              : options.cache_folder / "index" /
                                                    cache_key(marker, *backend_))),
      frames_(options.frame_cache_size_max),
      costs_(options.costs),
      prefetcher_(options.read_ahead
                      ? std::make_unique<PackPrefetcher>(*backend_, *options.read_ahead)
                      : nullptr),
      short_packs_(std::make_shared<const ShortPacks>()) {}

ChunkStore::~ChunkStore() = default;

// How often bytes that arrive damaged from a server are requested: networks cause damage that their
// checksums miss.
static constexpr unsigned remote_tries_max = 4;

// Empty if the pack was removed since it was listed, or if its index is damaged: then nothing in it
// can be found. `grid datastore verify` names the pack and what is lost with it. Other packs are
// not affected.
static std::optional<PackIndex> find_index(const backend::Backend& backend, const PackId& pack) {
  const std::string key = pack_index_key(pack);
  for (unsigned tries = 1;; ++tries) {
    const std::optional<Bytes> object = backend.find(key);
    if (!object) return std::nullopt;
    try {
      return decode_pack_index(*object, backend.name() + ": " + key);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::corrupt) throw;
      // It may have been damaged on its way here.
      if (!backend.remote() || tries == remote_tries_max) return std::nullopt;
    }
  }
}

// Calls take(pack, index) for each pack, in order. Requests several at once from a server.
template <class Take>
static void read_indexes(const backend::Backend& backend, const std::vector<PackId>& packs,
                         const Take& take) {
  static constexpr std::size_t in_flight_max = 16;
  if (!backend.remote() || packs.size() < 2) {
    for (const PackId& pack : packs)
      if (std::optional<PackIndex> index = find_index(backend, pack)) take(pack, *index);
    return;
  }
  ThreadPool pool(static_cast<unsigned>(std::min(in_flight_max, packs.size())));
  std::deque<std::future<std::optional<PackIndex>>> coming;
  std::size_t asked = 0;
  for (const PackId& pack : packs) {
    for (; asked < packs.size() && coming.size() < 2 * in_flight_max; ++asked)
      coming.push_back(pool.submit([&, next = packs[asked]] { return find_index(backend, next); }));
    if (std::optional<PackIndex> index = coming.front().get()) take(pack, *index);
    coming.pop_front();
  }
}

bool ChunkStore::refresh() const {
  // Taken before the listing: a pack that is added meanwhile does not count as lost then.
  const std::map<PackId, std::uint64_t> known = index_->packs();
  std::set<PackId> listed;
  for (const std::string& name : backend_->list_names(packs_prefix()))
    if (std::optional<PackId> pack = pack_of_index_key(packs_prefix() + name)) listed.insert(*pack);
  return learn(listed, known);
}

// Makes the index know the packs that were listed, and no others; false if it does already.
bool ChunkStore::learn(const std::set<PackId>& listed,
                       const std::map<PackId, std::uint64_t>& known) const {
  std::set<PackId> kept;
  for (const auto& [pack, size] : known) kept.insert(kept.end(), pack);
  bool changed = false;
  if (!std::includes(listed.begin(), listed.end(), kept.begin(), kept.end())) {
    // The store has lost packs, for instance because it was restored from a copy: the tables must
    // not promise their chunks any longer.
    index_->clear();
    kept.clear();
    changed = true;
  }
  std::vector<PackId> unknown;
  std::set_difference(listed.begin(), listed.end(), kept.begin(), kept.end(),
                      std::back_inserter(unknown));
  read_indexes(*backend_, unknown, [&](const PackId& pack, const PackIndex& index) {
    index_->add_pack(pack, index.entries);
    changed = true;
  });
  if (changed) index_->flush();
  return changed;
}

std::string ShortPack::reason(const PackId& pack) const {
  const std::string key = pack_data_key(pack);
  if (is_excluded) return key + " is about to be removed by a collection";
  if (!found) return key + " is missing";
  return fmt::format("{} has {} bytes, and its index says {}", key, *found, expected);
}

ShortPacks ChunkStore::learn_short_packs() const {
  const std::map<PackId, std::uint64_t> known = index_->packs();  // as in refresh()
  std::set<PackId> listed;
  std::map<PackId, std::uint64_t> data_sizes;
  for (const backend::ObjectEntry& object : backend_->list(packs_prefix())) {
    if (std::optional<PackId> of_index = pack_of_index_key(object.key))
      listed.insert(*of_index);
    else if (std::optional<PackId> of_data = pack_of_data_key(object.key))
      data_sizes.emplace(*of_data, object.size);
  }
  learn(listed, known);
  ShortPacks found;
  for (const auto& [pack, expected] : index_->packs()) {
    const auto data = data_sizes.find(pack);
    if (!listed.contains(pack) || (data != data_sizes.end() && data->second >= expected)) continue;
    ShortPack& lacking = found[pack] = {.expected = expected};
    if (data != data_sizes.end()) lacking.found = data->second;
  }
  return found;
}

void ChunkStore::refresh_for_writing(const std::set<PackId>& excluded) const {
  ShortPacks found = learn_short_packs();
  if (!found.empty()) {
    // Of a pack that was written during the listing, it may show the index alone: not twice.
    const ShortPacks again = learn_short_packs();
    std::erase_if(found, [&](const auto& each) { return !again.contains(each.first); });
  }
  const std::map<PackId, std::uint64_t> packs = index_->packs();
  std::lock_guard lock(mutex_);
  // What another writer of this process excludes stays excluded: its look may be the newer one.
  excluded_.insert(excluded.begin(), excluded.end());
  std::erase_if(excluded_, [&](const PackId& pack) { return !packs.contains(pack); });
  for (const PackId& pack : excluded_)
    found[pack] = {.expected = packs.at(pack), .is_excluded = true};
  short_packs_ = std::make_shared<const ShortPacks>(std::move(found));
}

std::shared_ptr<const ShortPacks> ChunkStore::short_packs() const {
  std::lock_guard lock(mutex_);
  return short_packs_;
}

bool ChunkStore::replace_damaged_tables() const {
  if (!index_->drop_damaged_tables()) return false;
  refresh();
  return true;
}

void ChunkStore::fail_absent(const Digest& digest) const {
  fail(ErrorKind::corrupt, "chunk {} is not in the store {}", digest.short_hex(), backend_->name());
}

// For a chunk of which a pack says that it has another size.
Location ChunkStore::place_of_size(const ChunkRef& chunk, const Location& found) const {
  for (const Location& place : index_->find_all(chunk.digest))
    if (place.place.size == chunk.size) return place;
  fail(ErrorKind::corrupt, "chunk {}: expected {} bytes, the store {} has {}",
       chunk.digest.short_hex(), chunk.size, backend_->name(), found.place.size);
}

std::vector<ChunkStore::Located> ChunkStore::locate(std::span<const ChunkRef> chunks) const {
  std::vector<Located> located;
  located.reserve(chunks.size());
  const std::vector<std::optional<Location>> found = index_->find(chunks);
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const ChunkRef& chunk = chunks[i];
    if (chunk.size == 0) continue;
    if (!found[i]) fail_absent(chunk.digest);
    located.push_back({chunk.digest, *found[i], {}});
    if (found[i]->place.size != chunk.size) located.back().at = place_of_size(chunk, *found[i]);
  }
  return located;
}

// True if one read serves both: b lies right behind a in the pack, both raw, or in the same frame.
static bool are_read_together(const Location& a, const Location& b) {
  if (a.pack != b.pack || a.place.raw() != b.place.raw()) return false;
  return a.place.frame_offset + (a.place.raw() ? a.place.size : 0) == b.place.frame_offset;
}

// Runs `attempt`. If it throws `corrupt`, the fault may be the index's: runs it again if the store
// has other packs than the index knew of, again if a table was damaged, and whenever another thread
// has renewed the index since the attempt began.
template <class Attempt>
auto ChunkStore::with_fresh_index(const Attempt& attempt) const {
  using Renew = bool (ChunkStore::*)() const;
  static constexpr std::array<Renew, 2> ways = {&ChunkStore::refresh,
                                                &ChunkStore::replace_damaged_tables};
  for (auto way = ways.begin();;) {
    const std::uint64_t done_before = renewals_;
    try {
      return attempt();
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::corrupt) throw;
      const std::lock_guard lock(renewing_);
      if (renewals_ != done_before) continue;
      bool renewed = false;
      while (!renewed && way != ways.end()) renewed = (this->*(*way++))();
      if (!renewed) throw;
      ++renewals_;
    }
  }
}

void ChunkStore::read_chunks(std::span<const ChunkRef> chunks, MutableBytesView out) const {
  with_fresh_index([&] { read_known(chunks, out); });
}

// Calls `visit` with each part of a pack that holds chunks, as long as it returns true: one part
// for chunks that lie side by side. Places that are not known are left out.
static void visit_parts(
    std::span<const std::optional<Location>> places,
    const std::function<bool(const PackId& pack, std::uint64_t begin, std::uint64_t end)>& visit) {
  PackId pack;
  std::uint64_t begin = 0, end = 0;
  for (const std::optional<Location>& at : places) {
    if (!at) continue;
    const Placement& place = at->place;
    if (end == 0 || at->pack != pack || place.frame_offset > end || place.frame_offset < begin) {
      if (end != 0 && !visit(pack, begin, end)) return;
      pack = at->pack;
      begin = place.frame_offset;
      end = begin;
    }
    end = std::max<std::uint64_t>(end, place.frame_offset + std::uint64_t{place.frame_stored_size});
  }
  if (end != 0) visit(pack, begin, end);
}

void ChunkStore::expect(std::span<const ChunkRef> chunks) const {
  if (!prefetcher_) return;
  visit_parts(index_->find(chunks),
              [&](const PackId& pack, std::uint64_t begin, std::uint64_t end) {
                prefetcher_->expect(pack, begin, end);
                return true;
              });
}

bool ChunkStore::is_in_memory(std::span<const ChunkRef> chunks) const {
  const std::vector<std::optional<Location>> places = index_->find(chunks);
  bool all = std::all_of(places.begin(), places.end(), [](const auto& at) { return at; });
  if (!all) return false;
  visit_parts(places, [&](const PackId& pack, std::uint64_t begin, std::uint64_t end) {
    return all = backend_->carrier().is_in_memory(pack_data_key(pack), begin, end - begin);
  });
  return all;
}

// Half of what can be kept near: the rest is for what was read ahead before, and other readers.
std::uint64_t ChunkStore::expected_max() const {
  const std::uint64_t max = prefetcher_ ? backend_->carrier().read_ahead_max() / 2 : 0;
  return max < packs_ahead::remote_piece_size ? 0 : max;
}

void ChunkStore::read_known(std::span<const ChunkRef> chunks, MutableBytesView out) const {
  std::vector<Located> located = locate(chunks);
  std::size_t offset = 0;
  for (Located& chunk : located) {
    chunk.out = out.subspan(offset, chunk.at.place.size);
    offset += chunk.at.place.size;
  }
  assert(offset == out.size());
  for (std::size_t begin = 0; begin < located.size();) {
    std::size_t end = begin + 1;
    while (end < located.size() && are_read_together(located[end - 1].at, located[end].at)) ++end;
    read_run(std::span(located).subspan(begin, end - begin));
    begin = end;
  }
}

void ChunkStore::read_run(std::span<const Located> run) const {
  const std::optional<Error> damage = find_damage(run);
  if (!damage) return;
  for (const Located& chunk : run) {
    const std::optional<Error> of_chunk =
        run.size() == 1 ? damage : find_damage(std::span(&chunk, 1));
    if (of_chunk && !read_elsewhere(chunk)) throw *of_chunk;
  }
}

// False if no other pack has the chunk undamaged.
bool ChunkStore::read_elsewhere(const Located& chunk) const {
  for (const Location& place : index_->find_all(chunk.digest)) {
    const Located other{chunk.digest, place, chunk.out};
    if (place.pack == chunk.at.pack || place.place.size != chunk.out.size()) continue;
    if (find_damage(std::span(&other, 1))) continue;
    index_->prefer(chunk.digest, place);
    return true;
  }
  return false;
}

// Reads a run; what is wrong with it, if it is damaged. Damage may be in a copy that the backend
// keeps, or have happened on the way: then the bytes are read from the store again.
std::optional<Error> ChunkStore::find_damage(std::span<const Located> run) const {
  for (unsigned tries = 1;; ++tries) {
    try {
      read_run_once(run);
      return std::nullopt;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::corrupt) throw;
      const Placement& first = run.front().at.place;
      const std::uint64_t size = first.raw() ? run.back().at.place.frame_offset +
                                                   run.back().at.place.size - first.frame_offset
                                             : first.frame_stored_size;
      const bool had_copy = backend_->carrier().drop_copy(pack_data_key(run.front().at.pack),
                                                          first.frame_offset, size);
      frames_.forget(run.front().at.pack, first.frame_offset);
      if (tries == remote_tries_max || (!had_copy && !backend_->remote())) return error;
    }
  }
}

// Reads chunks that one read serves into their places, which adjoin; then checks them.
void ChunkStore::read_run_once(std::span<const Located> run) const {
  const Location& first = run.front().at;
  std::string key = pack_data_key(first.pack);
  auto fetch = [&](std::uint32_t offset, MutableBytesView into) {
    const CostTimer timer(costs_, &StoreCostCounters::wait_ns);
    count_cost(costs_, &StoreCostCounters::read_bytes, into.size());
    if (!backend_->find_range(key, offset, into))
      fail(ErrorKind::corrupt, "chunk {}: the store {} has lost {}", run.front().digest.short_hex(),
           backend_->name(), key);
    if (prefetcher_) prefetcher_->note_read(first.pack, offset, into.size());
  };
  if (first.place.raw()) {
    const MutableBytesView& last = run.back().out;
    std::byte* begin = run.front().out.data();
    fetch(first.place.frame_offset,
          {begin, static_cast<std::size_t>(last.data() + last.size() - begin)});
  } else {
    std::shared_ptr<const Bytes> frame = frames_.get(first.pack, first.place.frame_offset, [&] {
      Bytes stored(first.place.frame_stored_size), unpacked(first.place.frame_size);
      fetch(first.place.frame_offset, stored);
      const CostTimer timer(costs_, &StoreCostCounters::unpack_ns);
      if (!decompress(stored, unpacked))
        fail(ErrorKind::corrupt, "chunk {}: is damaged in {} of the store {}: it does not unpack",
             run.front().digest.short_hex(), key, backend_->name());
      return unpacked;
    });
    // Two places of one pack that a damaged table names may contradict each other.
    if (frame->size() != first.place.frame_size)
      fail(ErrorKind::corrupt, "chunk {}: is damaged in {} of the store {}",
           run.front().digest.short_hex(), key, backend_->name());
    for (const Located& chunk : run)
      std::copy_n(frame->begin() + chunk.at.place.offset_in_frame, chunk.out.size(),
                  chunk.out.begin());
  }
  const CostTimer timer(costs_, &StoreCostCounters::check_ns);
  std::vector<BytesView> pieces(run.size());
  std::vector<Digest> digests(run.size());
  std::transform(run.begin(), run.end(), pieces.begin(), [](const Located& c) { return c.out; });
  digest_all(pieces, digests);
  for (std::size_t i = 0; i < run.size(); ++i)
    if (digests[i] != run[i].digest)
      fail(ErrorKind::corrupt, "chunk {}: is damaged in {} of the store {}",
           run[i].digest.short_hex(), key, backend_->name());
}

Bytes ChunkStore::read_known(const Digest& digest) const {
  const std::optional<Location> at = index_->find(digest);
  if (!at) fail_absent(digest);
  Bytes out(at->place.size);
  const Located chunk{digest, *at, out};
  const std::optional<Error> damage = find_damage(std::span(&chunk, 1));
  if (!damage) return out;
  // The size is not known: other packs may have another one.
  std::optional<Bytes> other = find_chunk(digest);
  if (!other) throw *damage;
  return std::move(*other);
}

std::optional<Bytes> ChunkStore::find_chunk(const Digest& digest) const {
  for (const Location& place : index_->find_all(digest)) {
    Bytes out(place.place.size);
    const Located chunk{digest, place, out};
    if (find_damage(std::span(&chunk, 1))) continue;
    index_->prefer(digest, place);
    return out;
  }
  return std::nullopt;
}

bool ChunkStore::is_sound(const Digest& digest, const Location& place) const {
  Bytes out(place.place.size);
  const Located chunk{digest, place, out};
  return !find_damage(std::span(&chunk, 1));
}

Bytes ChunkStore::read_chunk(const Digest& digest) const {
  return with_fresh_index([&] { return read_known(digest); });
}

}  // namespace grid::store
