#include "backend/open.h"

#include <filesystem>

#include "backend/local.h"
#include "base/error.h"

namespace grid::backend {

std::unique_ptr<Backend> open(std::string_view location) {
  if (location.starts_with("file://")) location.remove_prefix(7);
  if (std::size_t scheme = location.find("://"); scheme != std::string_view::npos)
    fail(ErrorKind::invalid_argument,
         "store {}: this program keeps stores in local folders; {}:// is not supported yet",
         location, location.substr(0, scheme));
  if (location.empty()) fail(ErrorKind::invalid_argument, "the store's location is empty");
  return std::make_unique<LocalBackend>(std::filesystem::absolute(location));
}

}  // namespace grid::backend
