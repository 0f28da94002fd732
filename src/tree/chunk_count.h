// How many chunks a file has.
#pragma once

#include <cstdint>

#include "store/chunk_reader.h"
#include "tree/entries.h"

namespace grid::tree {

// Of a file of `size` bytes that is not in place. What it costs grows with the distinct recipes of
// the file, however often it repeats them. Throws `corrupt`.
std::uint64_t count_chunks(const store::ChunkReader& chunks, const Content& content,
                           std::uint64_t size);

}  // namespace grid::tree
