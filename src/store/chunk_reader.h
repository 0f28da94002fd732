// The reading half of a chunk store: digests in, verified bytes out.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/digest.h"

namespace grid::store {

struct ChunkRef {
  Digest digest;
  std::uint32_t size = 0;  // bytes, uncompressed

  bool operator==(const ChunkRef&) const = default;
};

// Thread-safe.
class ChunkReader {
 public:
  virtual ~ChunkReader() = default;

  // Fills `out` with the chunks' bytes, one after the other; out.size() is the sum of their sizes.
  // Every chunk is checked against its digest and size. Throws `corrupt`, naming the chunk and
  // the store, for a chunk that is absent or damaged; `out` is then undefined.
  virtual void read_chunks(std::span<const ChunkRef> chunks, MutableBytesView out) const = 0;

  // A hint: these chunks will be read soon, so that what lies far away can be brought near. Never
  // waits for the backend, and never throws.
  virtual void expect(std::span<const ChunkRef>) const {}
  // Whether reading these chunks now would most likely wait for no disk and no server.
  virtual bool is_in_memory(std::span<const ChunkRef>) const { return false; }
  // How many bytes may be expected ahead of a reader without pushing out what it has yet to read.
  virtual std::uint64_t expected_max() const { return UINT64_MAX; }

  // A chunk of unknown size, for the store's own structures.
  virtual Bytes read_chunk(const Digest& digest) const = 0;
};

}  // namespace grid::store
