// The types and names that versions share with the sources they are made from.
#pragma once

#include "source/tree.h"

namespace grid::tree {

using source::compare_folders;
using source::compare_keys;
using source::Content;
using source::Entry;
using source::EntryKind;
using source::is_valid_name;
using source::name_of;
using source::ObjectRef;

}  // namespace grid::tree
