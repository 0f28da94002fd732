// References to versions as people write them.
#pragma once

#include <string>
#include <string_view>

#include "dataset/reference.h"

namespace grid::cli {

// "cats:2" for the forms that other places use or people expect: cats/2, cats:v2, grid:cats:2,
// grid://cats/2, /datastores/cats/2. Any other text is returned as it is.
std::string plain_reference(std::string_view written);

// As Reference::parse() of the plain form. The error for a name in upper case, or for a path behind
// a version, says how it is written.
dataset::Reference parse_reference(std::string_view written);

// The name of a datastore, for a command that is about all of its versions. If one of them is
// named, the error is `why`, as in "prune chooses among all versions of", with the name behind it.
std::string parse_datastore_alone(std::string_view written, std::string_view why);

}  // namespace grid::cli
