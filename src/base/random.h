// Unique names: random bytes from the kernel.
#pragma once

#include <string>

#include "base/bytes.h"

namespace grid {

void fill_random(MutableBytesView out);
std::string random_hex(std::size_t digits);  // `digits` is even

}  // namespace grid
