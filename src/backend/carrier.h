// What brings the bytes of a backend near its readers, and keeps copies of them there: the kernel
// for a local folder, the node's cache for a server. A backend whose bytes are as near as they can
// be has one that does nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/take_piece.h"

namespace grid::backend {

class Backend;

// Thread-safe. It has no defaults, so that a decorator does not forget to pass a call on.
class Carrier {
 public:
  virtual ~Carrier() = default;

  // A hint: these bytes of an object will be read soon, or those of them that there are. They may
  // be brought nearer by then, for as long as reading them takes; doing nothing is right too.
  virtual void expect_reads(std::string_view key, std::uint64_t offset,
                            std::uint64_t size) const = 0;
  // How many bytes may be asked for in that way before what came first has gone again.
  virtual std::uint64_t read_ahead_max() const = 0;

  // As Backend::find_part(), for `size` bytes, 1 or more, that need not be in memory together.
  // After an Error, what was taken stands for nothing.
  virtual std::optional<std::uint64_t> copy_part(std::string_view key, std::uint64_t offset,
                                                 std::uint64_t size,
                                                 const TakePiece& take) const = 0;

  // The bytes that were read from here are not what was stored. Drops this part of the copy that is
  // kept and returns true: reading again may help. False if no copy is kept.
  virtual bool drop_copy(std::string_view key, std::uint64_t offset, std::uint64_t size) const = 0;

  // The same store, for a caller that has a kept answer to fall back on: gives up after seconds
  // instead of minutes where it cannot be reached. nullptr: this one never takes long to fail.
  virtual std::shared_ptr<Backend> hasty() const = 0;
};

// copy_part() of a backend that gives a part in one piece.
std::optional<std::uint64_t> copy_in_one_piece(const Backend& backend, std::string_view key,
                                               std::uint64_t offset, std::uint64_t size,
                                               const TakePiece& take);

// read_ahead_max() where what is near is in memory, of which others want some too.
std::uint64_t memory_for_read_ahead();

}  // namespace grid::backend
