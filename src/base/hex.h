// Lower-case hexadecimal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace grid {

std::string to_hex(BytesView bytes);

// Fills `out` from exactly 2 × out.size() digits; false, with `out` undefined, for anything else.
bool from_hex(std::string_view hex, MutableBytesView out);

// Whether a text is so many of these digits.
bool is_hex(std::string_view text, std::size_t digit_count);

}  // namespace grid
