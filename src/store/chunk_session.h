// Adding chunks to a store: what one create writes, from several threads.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <vector>

#include "store/chunk_reader.h"
#include "store/chunk_store.h"
#include "store/codec.h"
#include "store/open_pack_file.h"
#include "store/pack.h"

namespace grid::store {

class ChunkWriter;

// Stores each chunk that the store does not have yet, once, however many threads bring it.
//
// Each thread fills packs of its own through a ChunkWriter, so that threads share nothing but the
// chunk index, and what one thread brings lies side by side. finish() must come before anything
// that names the chunks is published. A session that is dropped unfinished leaves whole packs
// behind, which later sessions find and use; what else it was given, they store themselves.
//
// Only chunks in durable packs are passed over. Of two live sessions that are given the same new
// chunk each stores it, so that neither publishes what the other may never make durable.
class ChunkSession {
 public:
  // Both outlive the session. `bytes_stored` grows by what is written to packs. In `folder`, which
  // no other live session has, the packs that are being filled are kept as well, so that killing
  // the process does not lose them; empty: nowhere.
  ChunkSession(ChunkStore& store, std::atomic<std::uint64_t>& bytes_stored,
               std::filesystem::path folder = {});

  // Makes durable what a session that was killed has left in the folder, as far as the store does
  // not have it. To be called before anything is put.
  void take_over();

  // Writes what the writers still hold, in as few packs as can be; they must not be used again.
  // Thereafter every chunk that was put is durable.
  void finish(std::vector<std::unique_ptr<ChunkWriter>> writers);

  // The caller names these chunks, which the store has, without putting them.
  void rely_on(std::span<const ChunkRef> chunks);

  // The packs that hold what was put or given to rely_on(): those that had it before, and those
  // that this session writes, each from before it is in the store. Complete after finish(). The
  // content of unchanged files is not among it: an older version holds that. Thread-safe.
  std::set<PackId> packs_relied_on() const;

 private:
  friend class ChunkWriter;
  void rely_on(const PackId& pack);
  // Makes a pack durable: its data, then its index. Thread-safe.
  void write(const PackBuilder& pack);
  std::filesystem::path next_open_pack_path();

  ChunkStore& store_;
  std::atomic<std::uint64_t>& bytes_stored_;
  const std::filesystem::path folder_;
  std::atomic<unsigned> writer_count_ = 0;
  ChunkClaims claims_;  // the index guards it

  mutable std::mutex mutex_;
  std::set<PackId> packs_relied_on_;  // guarded by mutex_
};

// One thread's hand in a session. Not thread-safe.
//
// A pack ends when it is full, and before that when a machine that stops would lose more with it
// than a small share of what this writer was given since it was made, in bytes or in time.
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
  // that waits for the disk holds no half-done batch for which others would have to wait.
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
  std::uint64_t bytes_put_ = 0;  // known ones too
  // When the pack was empty last, and bytes_put_ then.
  Clock::time_point pack_begun_;
  std::uint64_t pack_begun_at_ = 0;
  PackBuilder pack_;
  OpenPackFile open_pack_;  // the same
  Compressor compressor_;
  std::uint64_t bytes_new_ = 0;
  // Packs in which chunks were found, and the last of them: chunks that were stored together come
  // together. The session hears of each once.
  std::set<PackId> packs_found_;
  PackId last_pack_found_;
};

}  // namespace grid::store
