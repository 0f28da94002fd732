// BLAKE3 of many pieces at once, where the processor can work on sixteen parts side by side.
#pragma once

#include <span>

#include "base/digest.h"

namespace grid {

// True if this processor has what digest_in_lanes() needs.
bool has_digest_lanes();

// The digests of all pieces; requires has_digest_lanes(). `digests` is as long as `pieces`.
void digest_in_lanes(std::span<const BytesView> pieces, std::span<Digest> digests);

}  // namespace grid
