// What people have set for a datastore beside its versions: description, tags, and rules of what is
// kept.
#pragma once

#include <string>

#include "dataset/open_store.h"

namespace grid::care {

// To another store, or to another name. A description replaces the one that is there; tags and
// rules that are there stay, as they were set there since.
void copy_annotations(const dataset::OpenStore& from, const std::string& name,
                      const dataset::OpenStore& to, const std::string& new_name);

void remove_tags(const dataset::OpenStore& store, const std::string& name);

}  // namespace grid::care
