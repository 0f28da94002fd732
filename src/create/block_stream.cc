#include "create/block_stream.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"

namespace grid::create {

[[noreturn]] static void fail_stopped() {
  fail(ErrorKind::unavailable, "reading the source was stopped");
}

std::shared_ptr<Bytes> BlockPool::take() {
  std::unique_ptr<Bytes> block;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return taken_ < blocks_max_ || stopped_; });
    if (stopped_) fail_stopped();
    ++taken_;
    if (!spare_.empty()) {
      block = std::move(spare_.back());
      spare_.pop_back();
    }
  }
  if (!block) block = std::make_unique<Bytes>(block_size);
  return {block.release(), [this](Bytes* used) {
            std::lock_guard lock(mutex_);
            spare_.emplace_back(used);
            --taken_;
            changed_.notify_one();
          }};
}

void BlockPool::stop() {
  std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

void BlockStream::push(BlockPiece piece) {
  std::lock_guard lock(mutex_);
  pieces_.push_back(std::move(piece));
  changed_.notify_one();
}

void BlockStream::end() {
  std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_one();
}

void BlockStream::stop() {
  std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_one();
}

std::size_t BlockStream::read(MutableBytesView out) {
  if (current_.size == 0) {
    current_ = {};  // gives the block up before waiting for the next one
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return next_ < pieces_.size() || ended_ || stopped_; });
    if (stopped_) fail_stopped();
    if (next_ == pieces_.size()) return 0;
    current_ = std::move(pieces_[next_++]);
  }
  std::size_t size = std::min(out.size(), current_.size);
  std::memcpy(out.data(), current_.block->data() + current_.begin, size);
  current_.begin += size;
  current_.size -= size;
  return size;
}

}  // namespace grid::create
