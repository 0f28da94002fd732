// Takes bytes piece by piece, as they come.
#pragma once

#include <cstdint>
#include <functional>

#include "base/bytes.h"

namespace grid {

// `offset` is the piece's place in what was asked for. Pieces come one after the other, from any
// thread; from the beginning again where a first try broke off. Must not throw.
using TakePiece = std::function<void(std::uint64_t offset, BytesView piece)>;

}  // namespace grid
