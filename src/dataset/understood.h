// Whether what a store's server has answered is what the key promises: nothing else is kept in the
// node's cache.
#pragma once

#include <string_view>

#include "base/bytes.h"

namespace grid::dataset {

// As cache::KeptAnswersOptions::is_understood. Checks what can be told from the key and the bytes;
// a record of a newer format is understood too.
bool is_understood(std::string_view key, BytesView bytes);

}  // namespace grid::dataset
