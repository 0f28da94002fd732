// Refuses trees of which the store has lost content.
#pragma once

#include "dataset/open_store.h"

namespace grid::create {

// Throws `corrupt`, with the first path, if a file of the tree has a chunk that no pack has but
// those that have lost bytes: see store::ChunkStore::short_packs(). A create that has read all
// files has stored their chunks again; this finds what it took over unread, from another version.
void refuse_lost_content(const dataset::OpenStore& store, const Digest& root);

}  // namespace grid::create
