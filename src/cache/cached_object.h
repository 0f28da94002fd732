// The copy of one remote object in a local file: some of its blocks, and which.
//
// The file: a page with magic "GCOB", u32 format, u64 size of the object plus one (0: not known
// yet); from byte 4096 to map_end a word for each block (block_state.h); then the object's bytes,
// each block at its place, holes where it is not present. All processes map the first part.
//
// Nothing is synced. After a power cut the map may promise what the disk does not have: readers
// check digests anyway, and drop what is wrong.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/file_lock.h"
#include "cache/block_state.h"

namespace grid::cache {

// Thread-safe, and safe among processes.
class CachedObject {
 public:
  static constexpr std::uint64_t map_end = 256 << 10;
  static constexpr std::uint64_t block_count_max = (map_end - 4096) / sizeof(std::uint64_t);

  // Opens the file, or makes it. Throws Error if neither can be.
  static std::shared_ptr<CachedObject> open(const std::filesystem::path& path);
  // nullptr if there is no such file, or it is none of ours.
  static std::shared_ptr<CachedObject> find(const std::filesystem::path& path);

  ~CachedObject();
  CachedObject(const CachedObject&) = delete;
  CachedObject& operator=(const CachedObject&) = delete;

  // Of the object, not of what is here.
  std::optional<std::uint64_t> size() const;
  void learn_size(std::uint64_t size);

  BlockState state(std::uint64_t block) const;
  bool present(std::uint64_t block) const { return state(block).present; }

  // Reads bytes of one block from `offset` within it; false if it is not here, or went meanwhile.
  bool read_block(std::uint64_t block, std::uint64_t offset, MutableBytesView out);

  // Neighbouring blocks that are being put in, in pieces. What they take on the disk must have been
  // reserved. Destruction gives the disk back what was not published. Not thread-safe; the object
  // outlives it.
  class Filling {
   public:
    // Throws `no_space` and such.
    Filling(CachedObject& object, std::uint64_t first, std::uint64_t count);
    ~Filling();
    Filling(const Filling&) = delete;
    Filling& operator=(const Filling&) = delete;
    // `offset` is in bytes from the first block's beginning; anything may be written again. Throws
    // `no_space` and such.
    void write(std::uint64_t offset, BytesView bytes);
    // A block's `size` bytes have been written: from now on it is here. `clock` is the cache's;
    // `ghost_clock_min` tells which ghosts are remembered. False if it was here already, or has
    // come and gone meanwhile.
    bool publish(std::uint64_t block, std::uint64_t size, std::uint32_t clock,
                 std::uint32_t ghost_clock_min);

   private:
    struct Block {
      std::uint64_t seen = 0;  // its word at the beginning
      bool written = false;    // something of it; and it is not published
    };

    CachedObject& object_;
    const std::uint64_t first_;
    std::vector<Block> blocks_;
  };

  // Takes a block out; `ghost`: it is remembered, at `clock`. Returns what that frees on the disk,
  // in bytes; 0: it was not here.
  std::uint64_t evict(std::uint64_t block, bool ghost, std::uint32_t clock);
  // Moves a block to the front of the main queue, unless it has changed since `seen`.
  void keep_in_main(std::uint64_t block, const BlockState& seen, std::uint8_t uses,
                    std::uint32_t clock);

  // Gives the disk back what a process wrote that was killed before it could say so. Blocks on
  // their way are left alone. Returns the bytes.
  std::uint64_t reclaim();

  // What the file takes on the disk, in bytes.
  std::uint64_t allocated() const;
  // One past the last block that can be here.
  std::uint64_t block_end() const;

  // While what it returns lives, other processes that want one of these blocks wait for it, for a
  // while. nullptr if another has had one for too long. The object outlives it.
  std::shared_ptr<void> lock(std::uint64_t first, std::uint64_t count);

 private:
  CachedObject(FileDescriptor fd, std::filesystem::path path, std::byte* map);
  static std::shared_ptr<CachedObject> adopt(FileDescriptor fd, const std::filesystem::path& path);

  std::atomic_ref<std::uint64_t> word(std::uint64_t block) const;
  std::atomic_ref<std::uint64_t> size_word() const;
  void count_use(std::uint64_t block, std::uint64_t seen) const;
  void allocate_map_for(std::uint64_t block);
  std::uint64_t data_in(std::uint64_t block) const;  // bytes on the disk
  std::optional<RangeLock> find_lock(std::uint64_t first, std::uint64_t count,
                                     std::chrono::milliseconds patience) const;
  void punch(std::uint64_t block);

  const FileDescriptor fd_;
  const std::filesystem::path path_;
  std::byte* const map_;
};

}  // namespace grid::cache
