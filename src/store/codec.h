// How bytes are stored in a pack: as zstd if that saves enough to matter, else raw.
#pragma once

#include <cstddef>
#include <memory>

#include "base/bytes.h"

namespace grid::store {

// Compresses with one context, which is expensive to make, and adapts its settings from piece to
// piece. Not thread-safe: one per thread.
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
  // Keeps the smaller result and its setting.
  void try_other_setting(BytesView data, Bytes& out);

  std::unique_ptr<Context> context_;
  Setting setting_ = Setting::text;
  bool last_shrank_ = false;  // the last large piece did
  unsigned count_ = 0;        // large pieces that shrank
  Bytes other_;
};

// One zstd frame of bytes that come piece by piece, for files that leave the store. Each result is
// valid until the next call.
class StreamCompressor {
 public:
  StreamCompressor();
  ~StreamCompressor();

  BytesView add(BytesView data);  // may be empty: the bytes come later
  BytesView finish();

 private:
  struct Context;
  BytesView compress(BytesView data, bool last);

  std::unique_ptr<Context> context_;
  Bytes out_;
};

// Fills `out` exactly; false if `data` is not one zstd frame, as docs/format.md wants it (section
// 3), of that many bytes. Thread-safe.
bool decompress(BytesView data, MutableBytesView out);

}  // namespace grid::store
