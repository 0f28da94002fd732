// Takes a deleted version back, as long as its space was not freed.
#pragma once

#include <string>

#include "dataset/open_store.h"

namespace grid::care {

// The version is ready again under its number. Throws `not_found` if there is no such version, it
// was moved, or its space was freed meanwhile; `already_exists` if it is not deleted.
void undelete(const dataset::OpenStore& store, const std::string& name,
              dataset::VersionNumber number);

}  // namespace grid::care
