#include "backend/carrier.h"

#include <unistd.h>

#include "backend/backend.h"

namespace grid::backend {

std::optional<std::uint64_t> copy_in_one_piece(const Backend& backend, std::string_view key,
                                               std::uint64_t offset, std::uint64_t size,
                                               const TakePiece& take) {
  Bytes bytes(size);
  const std::optional<std::size_t> got = backend.find_part(key, offset, bytes);
  if (got) take(0, BytesView(bytes).first(*got));
  return got;
}

std::uint64_t memory_for_read_ahead() {
  return static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
         static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) / 3;
}

}  // namespace grid::backend
