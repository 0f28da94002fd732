// Sees to it that a tree has all of its content where a new version may rely on it.
#pragma once

#include <atomic>
#include <cstdint>

#include "dataset/open_store.h"

namespace grid::create {

// For trees of which some was taken over unread, from another version; see
// store::ChunkStore::short_packs(). Chunks that only packs have which a collection may remove are
// stored again, by the writer with this lease; `bytes_stored` grows by them. Throws `corrupt`, with
// the first path, if a file has a chunk that no pack has but those that have lost bytes.
void secure_content(const dataset::OpenStore& store, const Digest& root,
                    const store::LeaseId& lease, std::atomic<std::uint64_t>& bytes_stored);

}  // namespace grid::create
