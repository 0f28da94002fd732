// Copies chunks from one store to another that lacks them.
//
// When finish() has returned, every chunk that was added is durable in the other store and known to
// be intact there: what was sent was checked against its digest on the way (and by a server against
// the checksum sent with it); what the other store had before was read back.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_set>
#include <vector>

#include "store/chunk_session.h"
#include "store/chunk_store.h"

namespace grid::store {

// Other threads may read these meanwhile. All only grow.
struct ChunkCopyCounts {
  std::atomic<std::uint64_t> bytes_sent = 0;     // of chunks, uncompressed
  std::atomic<std::uint64_t> bytes_stored = 0;   // written to packs
  std::atomic<std::uint64_t> bytes_checked = 0;  // were there before: read back, uncompressed
};

// One thread calls add() and finish(); others do the work. A copier that is dropped unfinished
// leaves whole packs behind, which the next one finds.
class ChunkCopier {
 public:
  // All three must outlive it; `to` must know all packs of its store
  // (ChunkStore::refresh_for_writing()). `lease`: whose packs it writes.
  ChunkCopier(const ChunkStore& from, ChunkStore& to, unsigned workers, ChunkCopyCounts& counts,
              std::optional<LeaseId> lease = std::nullopt);
  ~ChunkCopier();
  ChunkCopier(const ChunkCopier&) = delete;
  ChunkCopier& operator=(const ChunkCopier&) = delete;

  // False if the chunk was added not long ago. Waits while enough is under way. Throws what a
  // worker threw.
  bool add(const ChunkRef& chunk);

  // Makes all that was added durable. More may be added afterwards.
  void finish();

 private:
  using Batch = std::vector<ChunkRef>;

  void start();
  void hand_over();
  void work(ChunkWriter& writer);
  void copy(const Batch& batch, ChunkWriter& writer, Bytes& buffer);
  void end_workers();
  void throw_failure();

  const ChunkStore& from_;
  ChunkStore& to_;
  const unsigned worker_count_;
  ChunkCopyCounts& counts_;
  const std::optional<LeaseId> lease_;
  // A chunk that is forgotten here is looked up, and perhaps read back, once more.
  std::unordered_set<Digest, DigestHash> added_;
  Batch batch_;
  std::uint64_t batch_size_ = 0;  // bytes

  // While there are workers: their session and, in the order of the threads, their writers.
  std::unique_ptr<ChunkSession> session_;
  std::vector<std::unique_ptr<ChunkWriter>> writers_;
  std::vector<std::thread> threads_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Batch> waiting_;   // guarded by mutex_
  bool ending_ = false;         // guarded by mutex_: no more batches will come
  std::exception_ptr failure_;  // guarded by mutex_: the first
};

}  // namespace grid::store
