// Brings the bytes of a backend near its readers and keeps copies of them there: the kernel does
// this for a local folder, the node's cache for a server. The carrier of a backend whose bytes
// cannot be nearer does nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/take_piece.h"

namespace grid::backend {

class Backend;

// Thread-safe. No method has a default, so that a decorator does not forget to pass a call on.
class Carrier {
 public:
  virtual ~Carrier() = default;

  // A hint: these bytes of an object, as far as they exist, will be read soon. The call may bring
  // them nearer and take as long as reading them; doing nothing is correct too.
  virtual void expect_reads(std::string_view key, std::uint64_t offset,
                            std::uint64_t size) const = 0;
  // How many bytes may be expected in this way before the first of them are gone again.
  virtual std::uint64_t read_ahead_max() const = 0;

  // Whether reading these bytes now would most likely wait for no disk and no server. Waits for
  // neither. False if that is not known.
  virtual bool is_in_memory(std::string_view key, std::uint64_t offset,
                            std::uint64_t size) const = 0;

  // Like Backend::find_part(), for `size` bytes, 1 or more, that need not be in memory together.
  // After an Error, the pieces taken so far must be discarded.
  virtual std::optional<std::uint64_t> copy_part(std::string_view key, std::uint64_t offset,
                                                 std::uint64_t size,
                                                 const TakePiece& take) const = 0;

  // Called when the bytes read from here are not what was stored. Drops this part of the kept copy
  // and returns true: reading again may help. False if no copy is kept.
  virtual bool drop_copy(std::string_view key, std::uint64_t offset, std::uint64_t size) const = 0;

  // The same store, for a caller that has a kept answer to fall back on: gives up on a server that
  // does not answer after seconds instead of minutes. One that answers, if only that it is busy,
  // gets all patience. nullptr if this backend never takes long to fail.
  virtual std::shared_ptr<Backend> hasty() const = 0;
};

// copy_part() of a backend that gives a part in one piece.
std::optional<std::uint64_t> copy_in_one_piece(const Backend& backend, std::string_view key,
                                               std::uint64_t offset, std::uint64_t size,
                                               const TakePiece& take);

// read_ahead_max() of a carrier that keeps bytes in memory, of which others need some too.
std::uint64_t memory_for_read_ahead();

}  // namespace grid::backend
