// Compares two trees without their times.
#pragma once

#include <memory>

#include "tree/manifest.h"

namespace grid::create {

// Whether both have the same entries with the same content, whatever the times of these are: data
// that was downloaded again has new times and is the same.
bool have_same_content(const std::shared_ptr<const tree::Manifest>& one,
                       const std::shared_ptr<const tree::Manifest>& other);

}  // namespace grid::create
