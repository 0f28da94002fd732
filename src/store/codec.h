// How bytes are stored in a pack: as zstd where that is smaller by enough to matter, else raw.
#pragma once

#include <cstddef>
#include <memory>

#include "base/bytes.h"

namespace grid::store {

// Compresses with one context, which is dear to make, and learns from piece to piece how. Not
// thread-safe: one a thread.
class Compressor {
 public:
  Compressor();
  ~Compressor();
  Compressor(Compressor&&) noexcept;

  // Replaces `out` by `data` compressed and returns true if that saves at least a sixteenth;
  // otherwise returns false, `out` undefined.
  bool compress(BytesView data, Bytes& out);

 private:
  enum class Setting { text, numbers };
  struct Context;
  // Keeps what is smaller, and its setting.
  void try_other_setting(BytesView data, Bytes& out);

  std::unique_ptr<Context> context_;
  Setting setting_ = Setting::text;
  bool last_shrank_ = false;  // of the large pieces
  unsigned count_ = 0;        // large pieces that shrank
  Bytes other_;
};

// Fills `out` exactly; false if `data` is not a zstd frame of that many bytes. Thread-safe.
bool decompress(BytesView data, MutableBytesView out);

}  // namespace grid::store
