// The cutter and the digest that the store uses, for WebAssembly: what a browser cuts is cut in the
// same places as what `grid datastore create` cuts. Compiled by web/cutter/build.mjs from
// src/store/chunker.cc itself, with what little it needs of the standard library in shim/.
#include "blake3.h"
#include "store/chunker.cc"

namespace {

using grid::BytesView;
using grid::store::CutSizes;

struct Chunk {
  unsigned char digest[32];
  std::uint32_t size;
};

constexpr std::size_t chunks_max = grid::store::slice_size / 3584 + 2;
Chunk chunks[chunks_max];
std::byte slice[grid::store::slice_size];

}  // namespace

extern "C" {

// Where a slice is to be written, and where its chunks then are.
std::byte* slice_place() { return slice; }
Chunk* chunks_place() { return chunks; }
std::size_t slice_size_max() { return grid::store::slice_size; }

// Cuts the first `size` bytes of the slice, as create/file_cutter.cc does, and digests the chunks;
// returns how many there are.
std::size_t cut_slice(std::size_t size) {
  const CutSizes& sizes =
      size <= grid::store::fine_slice_max ? grid::store::fine_cuts : grid::store::cuts;
  std::size_t count = 0;
  for (std::size_t at = 0; at < size;) {
    const BytesView rest(slice + at, size - at);
    Chunk& chunk = chunks[count++];
    const bool is_whole = size <= grid::store::whole_file_max;
    chunk.size = static_cast<std::uint32_t>(is_whole ? size : grid::store::first_cut(rest, sizes));
    blake3_hasher hasher;
    blake3_hasher_init(&hasher);
    blake3_hasher_update(&hasher, slice + at, chunk.size);
    blake3_hasher_finalize(&hasher, chunk.digest, sizeof chunk.digest);
    at += chunk.size;
  }
  return count;
}

void* memcpy(void* to, const void* from, std::size_t size) {
  return __builtin_memcpy(to, from, size);
}
void* memset(void* to, int value, std::size_t size) { return __builtin_memset(to, value, size); }

std::size_t strlen(const char* text) {
  std::size_t size = 0;
  while (text[size] != 0) ++size;
  return size;
}

}  // extern "C"
