#include "store/chunk_session.h"

#include <algorithm>
#include <unordered_set>

#include "base/error.h"
#include "base/random.h"
#include "store/layout.h"

namespace grid::store {

void WantedChunks::add(const Digest& digest) {
  std::lock_guard lock(mutex_);
  digests_.insert(digest);
}

bool WantedChunks::contains(const Digest& digest) const {
  std::lock_guard lock(mutex_);
  return digests_.contains(digest);
}

std::size_t WantedChunks::count() const {
  std::lock_guard lock(mutex_);
  return digests_.size();
}

bool WantedChunks::take(const Digest& digest) {
  std::lock_guard lock(mutex_);
  return digests_.erase(digest) > 0;
}

ChunkSession::ChunkSession(ChunkStore& store, std::atomic<std::uint64_t>& bytes_stored,
                           std::filesystem::path folder, WantedChunks* only,
                           std::optional<LeaseId> lease)
    : store_(store),
      bytes_stored_(bytes_stored),
      short_packs_(store.short_packs()),
      folder_(std::move(folder)),
      lease_(lease),
      only_(only) {}

std::optional<Location> ChunkSession::find(const Digest& digest) const {
  std::optional<Location> found = store_.index().find(digest);
  if (!found || !is_short(*found)) return found;
  for (const Location& place : store_.index().find_all(digest))
    if (!is_short(place)) return place;
  return std::nullopt;
}

std::optional<Location> ChunkSession::find_sound(const Digest& digest) const {
  for (const Location& place : store_.index().find_all(digest))
    if (!is_short(place) && store_.is_sound(digest, place)) return place;
  return std::nullopt;
}

Claim ChunkSession::claim(const Digest& digest) {
  Claim claim = store_.index().claim(digest, claims_);
  if (!claim.at || (!checks_known_ && !is_short(*claim.at))) return claim;
  claim.at = checks_known_ ? find_sound(digest) : find(digest);
  if (claim.at) return claim;
  claim = store_.index().claim_again(digest, claims_);
  if (claim.granted && checks_known_) ++chunks_healed_;
  return claim;
}

std::filesystem::path ChunkSession::next_open_pack_path() {
  if (folder_.empty()) return {};
  return open_pack_path(folder_, writer_count_++);
}

void ChunkSession::take_over() {
  const std::vector<std::filesystem::path> left =
      folder_.empty() ? std::vector<std::filesystem::path>() : find_open_packs(folder_);
  PackBuilder pack;
  std::unordered_set<Digest, DigestHash> packed;  // a pack must not hold a chunk twice
  const auto write_pack = [&] {
    write(pack);
    pack.clear();
    packed.clear();
  };
  for (const std::filesystem::path& path : left) {
    read_open_pack(path, [&](const FrameView& frame) {
      if (std::all_of(frame.digests.begin(), frame.digests.end(),
                      [&](const Digest& digest) { return has(digest); }))
        return;
      const bool repeats =
          std::any_of(frame.digests.begin(), frame.digests.end(),
                      [&](const Digest& digest) { return packed.contains(digest); });
      if ((repeats || pack.is_full()) && !pack.empty()) write_pack();
      pack.append(frame);
      packed.insert(frame.digests.begin(), frame.digests.end());
    });
    // Many were on their way when the session was killed: the same bytes once more, so that a
    // server that has received the front of them wants the rest alone.
    if (pack.size() >= pack_size_target / 4) write_pack();
  }
  if (!pack.empty()) write(pack);
  std::error_code ignored;
  for (const std::filesystem::path& path : left) std::filesystem::remove(path, ignored);
}

void ChunkSession::write(const PackBuilder& pack) {
  PackId id;
  fill_random(id.bytes);
  if (lease_) std::copy(lease_->bytes.begin(), lease_->bytes.end(), id.bytes.begin());
  Bytes index = pack.index();
  const std::vector<PackEntry> entries = decode_pack_index(index, id.hex()).entries;
  rely_on(id);
  backend::Backend& backend = store_.backend();
  // The index makes the pack exist: it must not appear before the data.
  if (!backend.create(pack_data_key(id), pack.data()) || !backend.create(pack_index_key(id), index))
    fail(ErrorKind::already_exists, "{}: the pack {} exists already", backend.name(), id.hex());
  bytes_stored_ += pack.data().size() + index.size();
  store_.index().add_pack(id, entries, &claims_);
}

void ChunkSession::rely_on(const PackId& pack) {
  std::lock_guard lock(mutex_);
  packs_relied_on_.insert(pack);
}

void ChunkSession::rely_on(std::span<const ChunkRef> chunks) {
  const std::vector<std::optional<Location>> found = store_.index().find(chunks);
  std::lock_guard lock(mutex_);
  for (const std::optional<Location>& at : found)
    if (at) packs_relied_on_.insert(at->pack);
}

std::set<PackId> ChunkSession::packs_relied_on() const {
  std::lock_guard lock(mutex_);
  return packs_relied_on_;
}

void ChunkSession::finish(std::vector<std::unique_ptr<ChunkWriter>> writers) {
  for (auto& writer : writers) writer->close_frame();
  PackBuilder* last = nullptr;
  for (auto& writer : writers) {
    if (writer->pack_.empty()) continue;
    if (last != nullptr && last->has_room_for(writer->pack_)) {
      last->append(writer->pack_);
      continue;
    }
    if (last != nullptr) write(*last);
    last = &writer->pack_;
  }
  if (last != nullptr) write(*last);
  for (auto& writer : writers) writer->open_pack_.remove();
  store_.index().flush();
}

// A machine that crashes loses at most one part in loss_share of a writer's work, but packs need
// not be smaller than loss_size_min, nor end sooner than loss_time_min.
static constexpr unsigned loss_share = 32;
static constexpr std::uint64_t loss_size_min = 20 << 20;  // bytes
static constexpr auto loss_time_min = std::chrono::seconds(4);

bool ChunkWriter::pack_is_due() const {
  if (pack_.empty()) return false;
  if (pack_.is_full()) return true;
  if (bytes_put_ - pack_begun_at_ >= std::max(loss_size_min, bytes_put_ / loss_share)) return true;
  const Clock::time_point now = Clock::now();
  return now - pack_begun_ >= std::max<Clock::duration>(loss_time_min, (now - made_) / loss_share);
}

void ChunkWriter::close_frame() {
  pack_.close_frame(compressor_);
  open_pack_.catch_up(pack_);
}

void ChunkWriter::end_pack() {
  close_frame();
  session_.write(pack_);
  pack_.clear();
  open_pack_.begin_pack();
}

bool ChunkWriter::must_store(const Digest& digest) {
  if (session_.only_ != nullptr) return session_.only_->take(digest);
  const Claim claim = session_.claim(digest);
  if (claim.at && claim.at->pack != last_pack_found_) {
    last_pack_found_ = claim.at->pack;
    if (packs_found_.insert(last_pack_found_).second) session_.rely_on(last_pack_found_);
  }
  return claim.granted;
}

ChunkRef ChunkWriter::put(BytesView chunk, const Digest& digest) {
  ChunkRef ref{digest, static_cast<std::uint32_t>(chunk.size())};
  bytes_put_ += chunk.size();
  if (!chunk.empty() && must_store(ref.digest)) {
    bytes_new_ += chunk.size();
    pack_.add(ref.digest, chunk, compressor_);
    open_pack_.follow(pack_);
  }
  if (in_batch_ ? pack_.is_full() : pack_is_due()) end_pack();
  note_pack_begin();
  return ref;
}

void ChunkWriter::end_batch() {
  in_batch_ = false;
  if (pack_is_due()) end_pack();
  note_pack_begin();
}

void ChunkWriter::note_pack_begin() {
  if (!pack_.empty()) return;
  pack_begun_ = Clock::now();
  pack_begun_at_ = bytes_put_;
}

}  // namespace grid::store
