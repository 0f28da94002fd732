#include "source/path_limits.h"

#include <fmt/format.h>

#include "base/text.h"

namespace grid::source {

std::string why_path_is_too_long(std::string_view path) {
  if (path.size() > path_size_max)
    return fmt::format("has a path of more than {} bytes", path_size_max);
  while (!path.empty())
    if (take_until(path, '/').size() > name_size_max)
      return fmt::format("has a name of more than {} bytes, which no file system takes",
                         name_size_max);
  return {};
}

}  // namespace grid::source
