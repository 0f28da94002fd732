// Finds the datastore references in one argument of a command line.
//
//   grid:cats:3  grid:cats:latest  grid:cats@best  grid:cats     each with or without a path below
//   /datastores/cats/3/a.jpg  /datastores/cats
//
// A reference stands at the start of an argument, after the '=' of `--flag=` or `key=`, or in a
// list there: `,` `;` `:` or a blank divides references where an absolute path or another
// reference follows. Everything else is none of ours: patterns (`/datastores/*/1/*.png`), templates
// (`/datastores/%s`), sentences (`grid: search`), addresses with a scheme and a query.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dataset/reference.h"

namespace grid::run {

// A reference in an argument: the text [offset, offset + size), which is without the path below.
struct ArgumentReference {
  std::size_t offset = 0;
  std::size_t size = 0;
  dataset::Reference reference;
  // It can mean nothing else, as no file of the machine is there during the run: one that names no
  // datastore is a mistake. Else it is passed as it is.
  bool certain = true;
  std::string problem = {};  // what is wrong with it, if `reference.name` is a datastore

  bool operator==(const ArgumentReference& other) const {
    return offset == other.offset && size == other.size && reference.name == other.reference.name &&
           reference.version == other.reference.version &&
           reference.named_latest == other.reference.named_latest &&
           reference.tag == other.reference.tag;
  }
};

// In their order. Paths below `mount_folder` and paths below /datastores are both references.
// Throws `invalid_argument`, naming the argument, for what can only be a malformed reference.
std::vector<ArgumentReference> find_references(std::string_view argument,
                                               std::string_view mount_folder);

// The versions that an argument names by their whole paths, MOUNT_FOLDER/NAME/NUMBER, anywhere in
// its text, as `sh -c "wc /datastores/cats/1/a"` does. May name versions that do not exist.
std::vector<dataset::Reference> find_mentions(std::string_view argument,
                                              std::string_view mount_folder);

}  // namespace grid::run
