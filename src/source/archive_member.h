// A member of an archive, as its headers describe it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace grid::source {

struct ArchiveMember {
  enum class Kind { file, folder, symlink, hard_link, device, pipe, socket, unknown };

  std::string path;  // as in the archive; in UTF-8 if the archive says how it is encoded
  Kind kind = Kind::file;
  bool executable = false, encrypted = false;
  std::optional<std::uint64_t> size;  // of a file
  std::int64_t mtime_ns = 0;
  std::string target;  // of links, as in the archive
};

}  // namespace grid::source
