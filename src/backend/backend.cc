#include "backend/backend.h"

#include <algorithm>

#include "base/error.h"

namespace grid::backend {

static bool allowed(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

void check_key(std::string_view key) {
  std::string_view rest = key;
  for (;;) {
    std::size_t slash = rest.find('/');
    std::string_view component = rest.substr(0, slash);
    bool good = !component.empty() && component != "." && component != "..";
    for (char c : component) good = good && allowed(c);
    if (!good) fail(ErrorKind::invalid_argument, "\"{}\" is not a key of a store", key);
    if (slash == std::string_view::npos) return;
    rest.remove_prefix(slash + 1);
  }
}

std::vector<ObjectEntry> Backend::list_below(std::string_view prefix) const {
  std::vector<ObjectEntry> found = list(prefix);
  for (const std::string& name : list_names(prefix)) {
    if (!name.ends_with('/')) continue;
    const std::vector<ObjectEntry> below = list_below(std::string(prefix) + name);
    found.insert(found.end(), below.begin(), below.end());
  }
  std::sort(found.begin(), found.end(),
            [](const ObjectEntry& a, const ObjectEntry& b) { return a.key < b.key; });
  return found;
}

bool Backend::find_range(std::string_view key, std::uint64_t offset, MutableBytesView out) const {
  std::optional<std::size_t> got = find_part(key, offset, out);
  if (got == std::size_t{0} && !out.empty())  // so the size is not known
    fail(ErrorKind::corrupt, "{}: {} ends at byte {} at the latest: nothing is there to be read",
         name(), key, offset);
  if (got && *got < out.size())
    fail(ErrorKind::corrupt, "{}: {} ends at byte {}, before byte {}", name(), key, offset + *got,
         offset + out.size());
  return got.has_value();
}

}  // namespace grid::backend
