// What a client of a server may add to its store: only what every reader would find sound. So a
// client that is broken, or means harm, can make no reader fail and no later create rely on bytes
// that are not there.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "dataset/open_store.h"

namespace grid::care {

// Data of packs may be this long, and all else that much. Bytes.
inline constexpr std::uint64_t admitted_data_size_max = 320 << 20;
inline constexpr std::uint64_t admitted_object_size_max = 64 << 20;

// Throws unless `object` may be stored at `key`: `invalid_argument` for a key that no client adds,
// `corrupt` for an object that is not what its key says. Of a pack's index, each chunk is read from
// the pack's data, which must be there, and digested. Of a version's record, the tree must be
// valid and every chunk that it needs must be there. A pack's data may be anything: without an
// index nobody reads it.
void check_admission(const dataset::OpenStore& store, std::string_view key, BytesView object);

}  // namespace grid::care
