// Content-defined cuts: where a file's bytes are divided into chunks.
#pragma once

#include <cstddef>

#include "base/bytes.h"

namespace grid::store {

// How finely to cut. The average is about `size_min` plus 2^`bits`.
struct CutSizes {
  std::size_t size_min;  // bytes; only a file's end may be shorter
  std::size_t size_max;
  int bits;  // of the hash that must be zero
};

// Chosen by measuring what changes cost: docs/decisions/0018.
constexpr std::size_t chunk_size_max = 64 << 10;
constexpr CutSizes cuts{8 << 10, chunk_size_max, 13};
// For files, and last slices, of up to `fine_slice_max`: 7 KiB on average.
constexpr CutSizes fine_cuts{3584, 32 << 10, 12};
constexpr std::size_t fine_slice_max = 1 << 20;
// A file up to this size is one chunk.
constexpr std::size_t whole_file_max = 16 << 10;
// A file is divided into slices of this size, each cut on its own, so that threads can cut them
// side by side.
constexpr std::size_t slice_size = 32 << 20;

// The length of the first chunk of `data`, from 1 to sizes.size_max. `data` is not empty and holds
// either sizes.size_max bytes or all that is left of the slice. Zeros are only cut at the maximum.
// Pure.
std::size_t first_cut(BytesView data, const CutSizes& sizes);

}  // namespace grid::store
