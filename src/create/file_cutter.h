// Cuts the bytes of a file into chunks and stores them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/byte_stream.h"
#include "create/create.h"
#include "store/chunk_session.h"
#include "store/chunker.h"

namespace grid::create {

// Each worker has one, with one buffer. Not thread-safe.
class FileCutter {
  using Chunks = std::vector<store::ChunkRef>;

 public:
  // All must outlive the cutter. Once `stop`, which may be null, is true, cut() throws Interrupted.
  FileCutter(store::ChunkWriter& writer, CreateProgress& progress, const std::atomic<bool>* stop)
      : writer_(writer), progress_(progress), stop_(stop) {}

  // Cuts and stores the rest of a slice and appends its chunks to `chunks`. Calls `note` now and
  // then and at the end, after adding chunks. Returns why the bytes cannot be read, or "". Throws
  // read errors that are `unavailable`, and all errors of the store.
  std::string cut(ByteStream& bytes, Chunks& chunks, const std::function<void()>& note);

 private:
  bool fill(ByteStream& bytes);
  std::size_t cut_front(BytesView data, const store::CutSizes& sizes, bool at_end, Chunks& chunks);
  std::uint64_t skip_zeros(ByteStream& bytes, Chunks& chunks);

  store::ChunkWriter& writer_;
  CreateProgress& progress_;
  const std::atomic<bool>* const stop_;
  Bytes buffer_;
  std::size_t held_ = 0;  // bytes at the front of the buffer that are not cut yet
  // For one buffer.
  std::vector<BytesView> pieces_;
  std::vector<Digest> digests_;
};

}  // namespace grid::create
