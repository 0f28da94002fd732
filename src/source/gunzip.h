// The bytes that gzip packed: several members one after the other, as pigz and cat make them.
#pragma once

#include <memory>

#include "base/byte_stream.h"

namespace grid::source {

// Compares size and checksum of each member. Throws `corrupt`, and what `packed` throws.
std::unique_ptr<ByteStream> gunzip(std::unique_ptr<ByteStream> packed);

}  // namespace grid::source
