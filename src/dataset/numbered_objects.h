// Objects of a datastore that replace each other: its descriptions, each of its tags, its
// retention. None is ever changed. A new one gets the next number below their prefix; the highest
// counts.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/backend.h"
#include "dataset/reference.h"

namespace grid::dataset {

// The numbers that are keys below a prefix, ascending.
std::vector<VersionNumber> numbers_below(const backend::Backend& backend,
                                         const std::string& prefix);

// Creates the next object below a prefix: its bytes are `encode(number)`. One that others create at
// the same time has another number. Throws `unsupported` if no number is left; `noun` says for
// what, as in "a description of cats".
void create_next(backend::Backend& backend, const std::string& prefix, std::string_view noun,
                 const std::function<std::string(VersionNumber)>& encode);

}  // namespace grid::dataset
