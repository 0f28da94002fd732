// Adding chunks to a store: what one create writes, from several threads.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <unordered_set>
#include <vector>

#include "store/chunk_reader.h"
#include "store/chunk_store.h"
#include "store/codec.h"
#include "store/layout.h"
#include "store/open_pack_file.h"
#include "store/pack.h"

namespace grid::store {

class ChunkWriter;

// The chunks that a repair wants in new packs, although the index may have a place for them.
// Thread-safe.
class WantedChunks {
 public:
  void add(const Digest& digest);
  bool contains(const Digest& digest) const;
  std::size_t count() const;
  // Takes a chunk away; false if it is not wanted. So one caller stores it.
  bool take(const Digest& digest);

 private:
  mutable std::mutex mutex_;
  std::unordered_set<Digest, DigestHash> digests_;  // guarded by mutex_
};

// Stores each chunk that the store does not have yet, once, however many threads bring it.
//
// Each thread fills packs of its own through a ChunkWriter, so that threads share nothing but the
// chunk index, and the chunks of one thread lie side by side. finish() must return before anything
// that names the chunks is published. A session that is dropped unfinished leaves whole packs
// behind, which later sessions find and use; they store its other chunks themselves.
//
// Only chunks in durable packs are skipped, and of these packs none that the store knows to be
// short (ChunkStore::refresh_for_writing()). Two live sessions that are given the same new chunk
// both store it, so that neither publishes a chunk that the other may never make durable.
class ChunkSession {
 public:
  // `store` and `bytes_stored` must outlive the session; `bytes_stored` grows by what is written to
  // packs. `folder`, which no other live session uses, also keeps the packs that are being filled,
  // so that killing the process does not lose them; empty: they are not kept. If there is a `only`,
  // which outlives the session too, its chunks are stored and no others, known to the store or not.
  // `lease`: whose writer this is; its packs say so in their ids.
  ChunkSession(ChunkStore& store, std::atomic<std::uint64_t>& bytes_stored,
               std::filesystem::path folder = {}, WantedChunks* only = nullptr,
               std::optional<LeaseId> lease = std::nullopt);

  // From now on, a chunk that the store has is read and checked before this session relies on it,
  // and one that is damaged is stored again. To be called before anything is put.
  void check_known() { checks_known_ = true; }
  // So many chunks were damaged and are stored again. Thread-safe.
  std::uint64_t chunks_healed() const { return chunks_healed_; }

  // Makes durable what a killed session left in the folder and the store does not have. To be
  // called before anything is put.
  void take_over();

  // Writes what the writers still hold, in as few packs as possible; they must not be used again.
  // Afterwards every chunk that was put is durable.
  void finish(std::vector<std::unique_ptr<ChunkWriter>> writers);

  // Whether the store has the chunk where this session may rely on it.
  bool has(const Digest& digest) const { return find(digest).has_value(); }

  // Says that the caller will name these chunks, which the store has, without putting them.
  void rely_on(std::span<const ChunkRef> chunks);

  // The packs that hold the chunks put or given to rely_on(): those that had them before, and those
  // that this session writes, each listed before it is in the store. Complete after finish(). The
  // content of unchanged files is not included: an older version holds it. Thread-safe.
  std::set<PackId> packs_relied_on() const;

 private:
  friend class ChunkWriter;
  void rely_on(const PackId& pack);
  bool is_short(const Location& place) const { return short_packs_->contains(place.pack); }
  std::optional<Location> find(const Digest& digest) const;
  std::optional<Location> find_sound(const Digest& digest) const;
  Claim claim(const Digest& digest);
  // Makes a pack durable: its data, then its index. Thread-safe.
  void write(const PackBuilder& pack);
  std::filesystem::path next_open_pack_path();

  ChunkStore& store_;
  std::atomic<std::uint64_t>& bytes_stored_;
  const std::shared_ptr<const ShortPacks> short_packs_;
  const std::filesystem::path folder_;
  const std::optional<LeaseId> lease_;
  WantedChunks* const only_;  // null: every chunk that the store lacks is stored
  bool checks_known_ = false;
  std::atomic<std::uint64_t> chunks_healed_ = 0;
  std::atomic<unsigned> writer_count_ = 0;
  ChunkClaims claims_;  // the index guards it

  mutable std::mutex mutex_;
  std::set<PackId> packs_relied_on_;  // guarded by mutex_
};

// One thread's part of a session. Not thread-safe.
//
// A pack ends when it is full, or earlier, when a crash of the machine would lose more with it than
// a small share of what this writer has been given so far, in bytes or in time.
class ChunkWriter {
 public:
  explicit ChunkWriter(ChunkSession& session)
      : session_(session),
        made_(Clock::now()),
        pack_begun_(made_),
        open_pack_(session.next_open_pack_path()) {}

  // Stores a chunk unless the store has it. May write a pack, and wait for the disk.
  ChunkRef put(BytesView chunk) { return put(chunk, digest_of(chunk)); }
  // The same, where the digest is known.
  ChunkRef put(BytesView chunk, const Digest& digest);

  // Between these a pack ends only if it is full; one that is due ends with the batch. So a thread
  // that waits for the disk holds no half-done batch that others would have to wait for.
  void begin_batch() { in_batch_ = true; }
  void end_batch();

  // The next chunk does not share a frame with those before it.
  void close_frame();

  std::uint64_t bytes_new() const { return bytes_new_; }  // uncompressed

 private:
  friend class ChunkSession;
  using Clock = std::chrono::steady_clock;

  bool must_store(const Digest& digest);
  bool pack_is_due() const;
  void end_pack();
  void note_pack_begin();

  ChunkSession& session_;
  const Clock::time_point made_;
  bool in_batch_ = false;
  std::uint64_t bytes_put_ = 0;  // including known ones
  // When the pack was last empty, and bytes_put_ then.
  Clock::time_point pack_begun_;
  std::uint64_t pack_begun_at_ = 0;
  PackBuilder pack_;
  OpenPackFile open_pack_;  // the same frames, on the disk
  Compressor compressor_;
  std::uint64_t bytes_new_ = 0;
  // Packs in which chunks were found, and the last of them: chunks that were stored together are
  // often put together. The session is told of each once.
  std::set<PackId> packs_found_;
  PackId last_pack_found_;
};

}  // namespace grid::store
