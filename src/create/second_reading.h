// Reads a source a second time, for those who have nothing to compare it with.
#pragma once

#include <string_view>

#include "create/importer.h"
#include "dataset/open_store.h"

namespace grid::create {

// `source` is the same as that of which the tree with this root was just made, opened anew;
// `options` are as for import_tree(). Throws `changed`, naming the first file that is another one
// now: it has changed meanwhile, or one of the readings was damaged on the way or in memory. Times
// are not compared, since some servers tell none.
void read_again(const dataset::OpenStore& store, const ImportOptions& options,
                source::Source& source, const Digest& root, std::string_view source_name);

}  // namespace grid::create
