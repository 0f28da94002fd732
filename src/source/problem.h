// Something about one file that a person should be told.
#pragma once

#include <string>

namespace grid::source {

struct Problem {
  std::string path;    // below the source or the version
  std::string reason;  // "changed while it was read", "is a socket", "Permission denied"
  // A version cannot hold such a thing at all (a socket, a device): it is left out and named.
  // Otherwise the file should have been kept and could not be: the create fails, unless partial
  // versions are allowed.
  bool unsupported = false;
  // It is in the version, but not quite as it was.
  bool kept = false;
  // It was left out because hardly anyone wants it in a version: see ignore_patterns.h.
  bool by_default = false;

  bool operator==(const Problem&) const = default;
};

}  // namespace grid::source
