// Bytes that can be read only once, in order: from a file, a pipe or a server.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace grid {

// Not thread-safe.
class ByteStream {
 public:
  virtual ~ByteStream() = default;

  // Fills the front of `out`, waiting for at least one byte; returns how many there are, 0 at the
  // end. Throws Error if the bytes cannot be read or end too early.
  virtual std::size_t read(MutableBytesView out) = 0;

  // Passes over bytes that are known to be zero without reading them; returns how many.
  virtual std::uint64_t skip_zeros() { return 0; }

  // Tells a stream that counts its bytes that the next `size` are known and will not be read.
  // Throws like read().
  virtual void pass(std::uint64_t size) { static_cast<void>(size); }

  // The total number of bytes, if it is known beforehand.
  virtual std::optional<std::uint64_t> size() const = 0;

  // Its name in messages: a path, a URL, "standard input".
  virtual std::string name() const = 0;
};

}  // namespace grid
