// From the bytes of a file to chunks in a store.
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

// One worker's, with one buffer. Not thread-safe.
class FileCutter {
  using Chunks = std::vector<store::ChunkRef>;

 public:
  // All outlive the cutter. Once `stop` is true, if there is one, cut() throws Interrupted.
  FileCutter(store::ChunkWriter& writer, CreateProgress& progress, const std::atomic<bool>* stop)
      : writer_(writer), progress_(progress), stop_(stop) {}

  // Cuts and stores all that is left of a slice, and appends its chunks to those that it has.
  // Calls `note` now and then and at the end, when more chunks are there. Returns why it cannot be
  // read, or "". Throws if it is `unavailable`, and for what goes wrong with the store.
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
  // Of one buffer.
  std::vector<BytesView> pieces_;
  std::vector<Digest> digests_;
};

}  // namespace grid::create
