// Carries the bytes of a source that can be read only once to the workers, within a memory budget.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "base/byte_stream.h"

namespace grid::create {

// Reusable blocks of memory. Thread-safe.
class BlockPool {
 public:
  static constexpr std::size_t block_size = 1 << 20;  // bytes

  explicit BlockPool(std::size_t blocks_max) : blocks_max_(blocks_max) {}

  // Returns a block, waiting until one is free. It goes back to the pool when its last owner drops
  // it; the pool must outlive it. Throws after stop().
  std::shared_ptr<Bytes> take();

  // Ends all waiting: take() throws from now on.
  void stop();

 private:
  const std::size_t blocks_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<Bytes>> spare_;  // guarded by mutex_
  std::size_t taken_ = 0;                      // guarded by mutex_
  bool stopped_ = false;                       // guarded by mutex_
};

// Some bytes of a block.
struct BlockPiece {
  std::shared_ptr<Bytes> block;
  std::size_t begin = 0, size = 0;
};

// One thread pushes pieces, another reads their bytes. Each piece is released once read.
class BlockStream : public ByteStream {
 public:
  // The writer's end. end() is the last call; stop() makes the reader throw.
  void push(BlockPiece piece);
  void end();
  void stop();

  std::size_t read(MutableBytesView out) override;
  std::optional<std::uint64_t> size() const override { return std::nullopt; }
  std::string name() const override { return "a part of a stream"; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<BlockPiece> pieces_;  // guarded by mutex_
  std::size_t next_ = 0;            // guarded by mutex_; of pieces_
  bool ended_ = false;              // guarded by mutex_
  bool stopped_ = false;            // guarded by mutex_
  BlockPiece current_;              // the reader's own
};

}  // namespace grid::create
