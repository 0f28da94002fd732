// Brings what will be read near before it is asked for: from a remote store into the node's cache,
// from a local one into the machine's memory.
#pragma once

#include <cstdint>
#include <memory>

#include "dataset/open_store.h"
#include "dataset/read_trace.h"

namespace grid::dataset {

enum class Prefetch {
  none,
  trace,  // what was read the last time, in that order
  all,    // the whole version
};

struct PrefetchOptions {
  std::uint64_t size_max = 0;  // bytes as stored, in all
};

// How many bytes of this store are worth bringing near: half of what the node's cache may hold or,
// for a local store, a third of the machine's memory.
std::uint64_t prefetch_size_max(const OpenStore& store);

// Where traces are.
std::filesystem::path trace_folder(const std::filesystem::path& cache_folder);

// Reads in the order of the trace and skips pieces that the version does not have. Returns the
// number of bytes read, as stored. Does not check them: readers do that. Throws the store's errors.
std::uint64_t prefetch(const OpenStore& store, const tree::Manifest& manifest,
                       const ReadTrace& trace, const PrefetchOptions& options);

// The whole version, in the order of its tree.
std::uint64_t prefetch_all(const OpenStore& store, const tree::Manifest& manifest,
                           const PrefetchOptions& options);

}  // namespace grid::dataset
