// Blocks under names of 32 bytes, many side by side in a few files of the node's cache: for bytes
// that lie in no pack and may be millions of small objects.
//
// A block's digest is recorded when it is put and checked whenever it is read. It is remembered
// after the block is evicted, until its place is needed for another: other bytes under the same
// name are then refused.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "base/bytes.h"
#include "base/digest.h"
#include "cache/disk_cache.h"

namespace grid::cache {

// Thread-safe, also between processes. A block that cannot be kept is just absent.
class KeyedBlocks {
 public:
  // `store_id` names the folder of the cache in which they lie.
  KeyedBlocks(std::shared_ptr<DiskCache> cache, std::string store_id);
  ~KeyedBlocks();

  bool present(const Digest& name);
  // Reads bytes from `offset` on of a block of `size` bytes, all of which is checked. False if it
  // is not present, or damaged.
  bool read_block(const Digest& name, std::uint64_t size, std::uint64_t offset,
                  MutableBytesView out);
  // Puts a block of 1 to block_size bytes in. Throws `corrupt` if the bytes differ from those that
  // were put under this name before.
  void put(const Digest& name, BytesView bytes);
  // See CopiedObject::lock().
  std::shared_ptr<void> lock(const Digest& name);

 private:
  class Shelf;
  struct Found {
    Shelf* shelf = nullptr;  // null: there is none
    std::uint64_t place = 0;
    Digest digest;
  };

  Shelf* shelf_of(const Digest& name);
  std::array<std::uint64_t, 4> places_of(const Digest& name) const;
  Found find(const Digest& name);

  const std::shared_ptr<DiskCache> cache_;
  const std::string store_id_;
  const std::uint64_t shelf_count_, places_;  // places: of each shelf
  std::mutex mutex_;
  std::vector<std::unique_ptr<Shelf>> shelves_;  // guarded by mutex_; null: not opened yet
};

}  // namespace grid::cache
