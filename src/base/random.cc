#include "base/random.h"

#include <sys/random.h>

#include <cerrno>

#include "base/error.h"
#include "base/hex.h"

namespace grid {

void fill_random(MutableBytesView out) {
  while (!out.empty()) {
    ssize_t got = ::getrandom(out.data(), out.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw system_error(errno, "cannot get random bytes");
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

std::string random_hex(std::size_t digits) {
  Bytes bytes(digits / 2);
  fill_random(bytes);
  return to_hex(bytes);
}

}  // namespace grid
