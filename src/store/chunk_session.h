// Adding chunks to a store: what one create writes, from several threads.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "store/chunk_reader.h"
#include "store/chunk_store.h"
#include "store/codec.h"
#include "store/pack.h"

namespace grid::store {

class ChunkWriter;

// Stores each chunk that the store does not have yet, once, however many threads bring it.
//
// Each thread fills packs of its own through a ChunkWriter, so that threads share nothing but the
// chunk index, and what one thread brings lies side by side. finish() must come before anything
// that names the chunks is published. A session that is dropped unfinished leaves whole packs
// behind, which later sessions find and use.
class ChunkSession {
 public:
  // Both outlive the session. `bytes_stored` grows by what is written to packs.
  ChunkSession(ChunkStore& store, std::atomic<std::uint64_t>& bytes_stored);

  // Writes what the writers still hold, in as few packs as can be; they must not be used again.
  // Thereafter every chunk that was put is durable.
  void finish(std::vector<std::unique_ptr<ChunkWriter>> writers);

 private:
  friend class ChunkWriter;
  // Makes a pack durable: its data, then its index. Thread-safe.
  void write(const PackBuilder& pack);

  ChunkStore& store_;
  std::atomic<std::uint64_t>& bytes_stored_;
};

// One thread's hand in a session. Not thread-safe.
class ChunkWriter {
 public:
  explicit ChunkWriter(ChunkSession& session) : session_(session) {}

  // Stores a chunk unless the store has it. May write a pack, and wait for the disk.
  ChunkRef put(BytesView chunk);

  // The next chunk does not share a frame with those before it.
  void close_frame() { pack_.close_frame(compressor_); }

  std::uint64_t bytes_new() const { return bytes_new_; }  // uncompressed

 private:
  friend class ChunkSession;

  ChunkSession& session_;
  PackBuilder pack_;
  Compressor compressor_;
  std::uint64_t bytes_new_ = 0;
};

}  // namespace grid::store
