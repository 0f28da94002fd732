// What the extended headers of a tar (pax) say of a member, as it is written there.
//
// libarchive tells it too, but changes it: names become NFC, names that are not UTF-8 get
// replacement characters, and a time with a fraction before 1970 loses its sign or a second.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace grid::source {

struct PaxHeader {
  std::optional<std::string> path, link_path;
  std::optional<std::int64_t> mtime_ns;
};

// `headers` begins with the first header of a member, and has all of them up to its own. What is
// not there, or is no such header, is left empty.
PaxHeader read_pax_header(BytesView headers);

}  // namespace grid::source
