#include "collect/rewriting.h"

#include <algorithm>

#include "store/chunk_session.h"

namespace grid::collect {

using store::ChunkRef;
using store::Location;
using store::PackId;

static constexpr std::uint64_t batch_size_max = 4 << 20;  // bytes that are copied at a time

Rewriting::Rewriting(const dataset::OpenStore& store, std::map<PackId, std::uint64_t> candidates)
    : TreeChunks(store),
      store_(store),
      candidates_(std::move(candidates)),
      sound_(sound_packs(*store.chunks)) {}

void Rewriting::on_chunks(std::span<const ChunkRef> chunks) {
  for (const ChunkRef& chunk : chunks) {
    if (chunk.size == 0) continue;
    std::optional<Location> in_candidate;
    bool is_elsewhere = false;
    for (const Location& at : store_.chunks->index().find_all(chunk.digest)) {
      if (!sound_.contains(at.pack)) continue;
      if (candidates_.contains(at.pack))
        in_candidate = at;
      else
        is_elsewhere = true;
    }
    if (is_elsewhere || !in_candidate || !seen_.insert(chunk.digest).second) continue;
    live_.push_back(
        {.chunk = {chunk.digest, in_candidate->place.size}, .pack = in_candidate->pack});
    bytes_live_[in_candidate->pack] += stored_size(in_candidate->place);
  }
}

Rewriting::Choice Rewriting::choose(unsigned live_percent_max, std::uint64_t bytes_max) const {
  struct Sparse {
    std::uint64_t live, size;
    PackId pack;
  };
  std::vector<Sparse> sparse;
  for (const auto& [pack, size] : candidates_) {
    const auto found = bytes_live_.find(pack);
    const std::uint64_t live = found == bytes_live_.end() ? 0 : found->second;
    if (live * 100 <= size * live_percent_max) sparse.push_back({live, size, pack});
  }
  std::sort(sparse.begin(), sparse.end(), [](const Sparse& a, const Sparse& b) {
    return std::tuple(a.live * b.size, a.pack) < std::tuple(b.live * a.size, b.pack);
  });
  Choice choice;
  for (const Sparse& one : sparse) {
    choice.is_bounded = choice.bytes_live + one.live > bytes_max;
    if (choice.is_bounded) break;
    choice.packs.insert(one.pack);
    choice.bytes_live += one.live;
  }
  return choice;
}

std::vector<ChunkRef> Rewriting::live_of(const Packs& packs) const {
  std::vector<ChunkRef> chunks;
  for (const Live& live : live_)
    if (packs.contains(live.pack)) chunks.push_back(live.chunk);
  return chunks;
}

std::uint64_t Rewriting::copy(const Packs& packs, const store::LeaseId& lease,
                              const std::function<void()>& check_stop) const {
  const std::vector<ChunkRef> chunks = live_of(packs);
  store::WantedChunks wanted;
  for (const ChunkRef& chunk : chunks) wanted.add(chunk.digest);
  std::atomic<std::uint64_t> bytes_written = 0;
  store::ChunkSession session(*store_.chunks, bytes_written, {}, &wanted, lease);
  std::vector<std::unique_ptr<store::ChunkWriter>> writers;
  writers.push_back(std::make_unique<store::ChunkWriter>(session));
  Bytes bytes;
  for (std::span<const ChunkRef> rest = chunks; !rest.empty();) {
    check_stop();
    std::uint64_t size = 0;
    std::size_t count = 0;
    while (count < rest.size() && (count == 0 || size + rest[count].size <= batch_size_max))
      size += rest[count++].size;
    bytes.resize(size);
    store_.chunks->read_chunks(rest.first(count), bytes);
    std::size_t offset = 0;
    for (const ChunkRef& chunk : rest.first(count)) {
      writers[0]->put(BytesView(bytes).subspan(offset, chunk.size), chunk.digest);
      offset += chunk.size;
    }
    rest = rest.subspan(count);
  }
  session.finish(std::move(writers));
  return bytes_written;
}

}  // namespace grid::collect
