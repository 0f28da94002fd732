// From the bytes of a file to chunks in a store.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "base/byte_stream.h"
#include "store/chunk_session.h"

namespace grid::dataset {

// One worker's, with one buffer. Not thread-safe.
class FileCutter {
 public:
  // Both outlive the cutter. `bytes_done` grows by what is read.
  FileCutter(store::ChunkWriter& writer, std::atomic<std::uint64_t>& bytes_done)
      : writer_(writer), bytes_done_(bytes_done) {}

  // Cuts and stores all that is left of a slice, and appends its chunks. Returns why it cannot be
  // read, or "". Throws if it is `unavailable`, and for what goes wrong with the store.
  std::string cut(ByteStream& bytes, std::vector<store::ChunkRef>& chunks);

 private:
  store::ChunkWriter& writer_;
  std::atomic<std::uint64_t>& bytes_done_;
  Bytes buffer_;
};

}  // namespace grid::dataset
