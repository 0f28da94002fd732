// From what a person writes as --store to a backend.
#pragma once

#include <memory>
#include <string_view>

#include "backend/backend.h"

namespace grid::backend {

// `location` is a path or a file:// URL. Throws `invalid_argument` for any other scheme, naming
// it. Nothing is made or touched.
std::unique_ptr<Backend> open(std::string_view location);

}  // namespace grid::backend
