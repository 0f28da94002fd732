// The copy of one remote object in a local file: some of its blocks, and a map of which.
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

// Thread-safe, also between processes.
class CachedObject {
 public:
  static constexpr std::uint64_t map_end = 256 << 10;
  static constexpr std::uint64_t block_count_max = (map_end - 4096) / sizeof(std::uint64_t);

  // Opens the file or makes it; throws Error if it can do neither.
  static std::shared_ptr<CachedObject> open(const std::filesystem::path& path);
  // nullptr if there is no such file, or it is not a copy in this format.
  static std::shared_ptr<CachedObject> find(const std::filesystem::path& path);

  ~CachedObject();
  CachedObject(const CachedObject&) = delete;
  CachedObject& operator=(const CachedObject&) = delete;

  // The size of the remote object, not of its copy; empty if it is not known yet.
  std::optional<std::uint64_t> size() const;
  void learn_size(std::uint64_t size);
  void forget_size();

  BlockState state(std::uint64_t block) const;
  bool present(std::uint64_t block) const { return state(block).present; }

  // Reads bytes of one block from `offset` within it; false if it is not present, or was evicted
  // meanwhile.
  bool read_block(std::uint64_t block, std::uint64_t offset, MutableBytesView out);

  // Writes neighbouring blocks in pieces. Their disk space must have been reserved. Destruction
  // frees the space of blocks that were not published. Not thread-safe; the object must outlive it.
  class Filling {
   public:
    // Throws Error, for instance `no_space`.
    Filling(CachedObject& object, std::uint64_t first, std::uint64_t count);
    ~Filling();
    Filling(const Filling&) = delete;
    Filling& operator=(const Filling&) = delete;
    // `offset` is in bytes from the first block's beginning; any part may be written again. Throws
    // like the constructor.
    void write(std::uint64_t offset, BytesView bytes);
    // Makes a block present whose `size` bytes have been written. `clock` is the cache's; ghosts
    // older than `ghost_clock_min` are forgotten. False if the block was present already or its
    // state has changed meanwhile.
    bool publish(std::uint64_t block, std::uint64_t size, std::uint32_t clock,
                 std::uint32_t ghost_clock_min);

   private:
    struct Block {
      std::uint64_t seen = 0;  // its word at the beginning
      bool written = false;    // some of it, and it is not published
    };

    CachedObject& object_;
    const std::uint64_t first_;
    std::vector<Block> blocks_;
  };

  // Evicts a block; `ghost`: it is remembered, at `clock`. Returns the bytes freed on the disk; 0
  // if it was not present.
  std::uint64_t evict(std::uint64_t block, bool ghost, std::uint32_t clock);
  // Moves a block to the front of the main queue, unless it has changed since `seen`.
  void keep_in_main(std::uint64_t block, const BlockState& seen, std::uint8_t uses,
                    std::uint32_t clock);

  // Frees the disk space of blocks that a killed process wrote but did not publish. Leaves blocks
  // alone that are being fetched. Returns the bytes freed.
  std::uint64_t reclaim();

  // What the file takes on the disk, in bytes.
  std::uint64_t allocated() const;
  // One past the last block that can be present.
  std::uint64_t block_end() const;

  // While the returned lock lives, other processes that want one of these blocks wait for it, up to
  // a limit. nullptr if another process holds one for longer than that. The object must outlive the
  // lock.
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
