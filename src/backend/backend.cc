#include "backend/backend.h"

#include <unistd.h>

#include "base/error.h"

namespace grid::backend {

// What is near is in memory then, and others want some of that too.
std::uint64_t Backend::read_ahead_max() const {
  return static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
         static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) / 3;
}

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

bool Backend::find_range(std::string_view key, std::uint64_t offset, MutableBytesView out) const {
  std::optional<std::size_t> got = find_part(key, offset, out);
  if (got && *got < out.size())
    fail(ErrorKind::corrupt, "{}: {} ends at byte {}, before byte {}", name(), key, offset + *got,
         offset + out.size());
  return got.has_value();
}

std::optional<std::uint64_t> Backend::copy_part(std::string_view key, std::uint64_t offset,
                                                std::uint64_t size, const TakePiece& take) const {
  Bytes bytes(size);
  const std::optional<std::size_t> got = find_part(key, offset, bytes);
  if (got) take(0, BytesView(bytes).first(*got));
  return got;
}

}  // namespace grid::backend
