// A remote object, and what the node's cache has of it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "cache/block_state.h"

namespace grid::cache {

// Thread-safe, and safe among processes. Blocks have block_size bytes, the object's last one fewer.
class CopiedObject {
 public:
  virtual ~CopiedObject() = default;

  // Tells the object from all others of its BlockFetcher.
  virtual const std::string& name() const = 0;

  // The remote side: as backend::Backend::find_part().
  virtual std::optional<std::size_t> fetch(std::uint64_t offset, MutableBytesView out) const = 0;

  // Fetches `size` bytes from block `first` on straight into the copy, for less than fetch() and
  // put() cost, and learns the object's size if it ends before. Returns how many there are. nullopt
  // if they did not get there: the object is missing, there is no room, or this is not possible.
  virtual std::optional<std::uint64_t> fetch_into_copy(std::uint64_t /*first*/,
                                                       std::uint64_t /*size*/) {
    return std::nullopt;
  }

  // How long the object is, where that is known.
  virtual std::optional<std::uint64_t> size() const = 0;
  virtual void learn_size(std::uint64_t size) = 0;

  // One past the last block that can be copied.
  virtual std::uint64_t block_end_max() const = 0;
  virtual bool present(std::uint64_t block) const = 0;
  // Reads bytes of one block of the copy from `offset` within it; false if it is not there.
  virtual bool read_block(std::uint64_t block, std::uint64_t offset, MutableBytesView out) = 0;
  // Puts a whole block into the copy, where there is room. Throws `corrupt` if it is known to be
  // another one.
  virtual void put(std::uint64_t block, BytesView bytes) = 0;
  // True if put() may refuse a block: then nobody is given its bytes before.
  virtual bool put_may_refuse() const { return false; }
  // While what it returns lives, other processes that want one of these blocks wait for it, for a
  // while. nullptr if we have waited long enough for one.
  virtual std::shared_ptr<void> lock(std::uint64_t first, std::uint64_t count) = 0;
};

}  // namespace grid::cache
