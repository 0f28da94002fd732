// A remote object and its copy in the node's cache.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "cache/block_state.h"

namespace grid::cache {

// Thread-safe, also between processes. Blocks have block_size bytes, the object's last one fewer.
class CopiedObject {
 public:
  virtual ~CopiedObject() = default;

  // Unique among the objects of one BlockFetcher.
  virtual const std::string& name() const = 0;

  // Reads the remote object, like backend::Backend::find_part().
  virtual std::optional<std::size_t> fetch(std::uint64_t offset, MutableBytesView out) const = 0;

  // Fetches `size` bytes from block `first` on straight into the copy, which costs less than
  // fetch() and put(), and learns the object's size if it ends earlier. Returns how many bytes
  // came. nullopt if they are not in the copy: the object is missing, there is no room, or this is
  // not possible.
  virtual std::optional<std::uint64_t> fetch_into_copy(std::uint64_t /*first*/,
                                                       std::uint64_t /*size*/) {
    return std::nullopt;
  }

  // The object's size, if it is known.
  virtual std::optional<std::uint64_t> size() const = 0;
  virtual void learn_size(std::uint64_t size) = 0;

  // One past the last block that can be copied.
  virtual std::uint64_t block_end_max() const = 0;
  virtual bool present(std::uint64_t block) const = 0;
  // Reads bytes of one block of the copy from `offset` within it; false if it is not present.
  virtual bool read_block(std::uint64_t block, std::uint64_t offset, MutableBytesView out) = 0;
  // Puts a whole block into the copy if there is room. Throws `corrupt` if its bytes are known to
  // be others.
  virtual void put(std::uint64_t block, BytesView bytes) = 0;
  // True if put() may refuse a block: readers then get its bytes only after put().
  virtual bool put_may_refuse() const { return false; }
  // While the returned lock lives, other processes that want one of these blocks wait for it, up to
  // a limit. nullptr if the caller has waited that long itself.
  virtual std::shared_ptr<void> lock(std::uint64_t first, std::uint64_t count) = 0;
};

}  // namespace grid::cache
