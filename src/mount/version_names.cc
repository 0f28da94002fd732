#include "mount/version_names.h"

#include <algorithm>
#include <cstdint>
#include <limits>

namespace grid::mount {

using dataset::VersionNumber;

bool is_all_digits(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_version_name(std::string_view name) { return is_all_digits(name) || name == latest_name; }

std::optional<VersionNumber> find_version_number(std::string_view name) {
  if (name.empty() || name.size() > 10 || name.front() == '0' || !is_all_digits(name)) return {};
  std::uint64_t number = 0;
  for (char digit : name) number = 10 * number + static_cast<std::uint64_t>(digit - '0');
  if (number > std::numeric_limits<VersionNumber>::max()) return {};
  return static_cast<VersionNumber>(number);
}

}  // namespace grid::mount
