// Content-defined cuts: where a file's bytes are divided into chunks.
#pragma once

#include <cstddef>

#include "base/bytes.h"

namespace grid::store {

// Chosen by measuring 8, 16 and 64 KiB on the version series: docs/decisions/0001.
constexpr std::size_t chunk_size_min = 4 << 10;      // bytes; only a file's end may be shorter
constexpr std::size_t chunk_size_target = 16 << 10;  // about the average
constexpr std::size_t chunk_size_max = 64 << 10;
// A file is cut in slices of this size, each on its own, so that slices can be cut side by side.
constexpr std::size_t slice_size = 32 << 20;

// The length of the first chunk of `data`, from 1 to chunk_size_max. `data` is not empty and
// holds either chunk_size_max bytes or all that is left of the slice. Pure.
std::size_t first_cut(BytesView data);

}  // namespace grid::store
