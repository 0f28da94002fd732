// How bytes are stored in a pack: as zstd where that is smaller by enough to matter, else raw.
#pragma once

#include <cstddef>
#include <memory>

#include "base/bytes.h"

namespace grid::store {

// Compresses with one context, which is dear to make. Not thread-safe: one a thread.
class Compressor {
 public:
  Compressor();
  ~Compressor();
  Compressor(Compressor&&) noexcept;

  // Replaces `out` by `data` compressed and returns true if that saves at least a sixteenth;
  // otherwise returns false, `out` undefined.
  bool compress(BytesView data, Bytes& out);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// Fills `out` exactly; false if `data` is not a zstd frame of that many bytes. Thread-safe.
bool decompress(BytesView data, MutableBytesView out);

}  // namespace grid::store
