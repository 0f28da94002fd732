// Brings what will be read near, before it is asked for: the blocks of a remote store into the
// node's cache, those of a local one into the machine's memory.
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

// How much of this store it makes sense to bring near: half of what the node's cache holds; of a
// local store a third of the machine's memory.
std::uint64_t prefetch_size_max(const OpenStore& store);

// Where traces lie.
std::filesystem::path trace_folder(const std::filesystem::path& cache_folder);

// In the order of the trace; pieces that the version does not have are passed over. Returns what
// was read, in bytes as stored. Nothing is checked: that is for those who read. Throws what the
// store says.
std::uint64_t prefetch(const OpenStore& store, const tree::Manifest& manifest,
                       const ReadTrace& trace, const PrefetchOptions& options);

// The whole version, in the order of its tree.
std::uint64_t prefetch_all(const OpenStore& store, const tree::Manifest& manifest,
                           const PrefetchOptions& options);

}  // namespace grid::dataset
