// Takes bytes piece by piece, as they arrive.
#pragma once

#include <cstdint>
#include <functional>

#include "base/bytes.h"

namespace grid {

// `offset` is the piece's place in the requested part. Pieces come in order, one at a time, from
// any thread; after a failed try they come from the beginning again. Must not throw.
using TakePiece = std::function<void(std::uint64_t offset, BytesView piece)>;

}  // namespace grid
