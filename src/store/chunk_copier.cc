#include "store/chunk_copier.h"

#include <algorithm>

#include "base/error.h"

namespace grid::store {

static constexpr std::uint64_t batch_size_max = 4 << 20;  // bytes; one chunk may be larger
static constexpr std::size_t added_count_max = 1 << 20;   // 64 MB or so

ChunkCopier::ChunkCopier(const ChunkStore& from, ChunkStore& to, unsigned workers,
                         ChunkCopyCounts& counts, std::optional<LeaseId> lease)
    : from_(from), to_(to), worker_count_(std::max(workers, 1u)), counts_(counts), lease_(lease) {}

ChunkCopier::~ChunkCopier() {
  {
    std::lock_guard lock(mutex_);
    waiting_.clear();
  }
  end_workers();
}

void ChunkCopier::start() {
  if (!threads_.empty()) return;
  session_ = std::make_unique<ChunkSession>(to_, counts_.bytes_stored, std::filesystem::path(),
                                            nullptr, lease_);
  for (unsigned i = 0; i < worker_count_; ++i) {
    writers_.push_back(std::make_unique<ChunkWriter>(*session_));
    threads_.emplace_back([this, writer = writers_.back().get()] { work(*writer); });
  }
}

void ChunkCopier::throw_failure() {
  std::lock_guard lock(mutex_);
  if (failure_) std::rethrow_exception(failure_);
}

bool ChunkCopier::add(const ChunkRef& chunk) {
  if (chunk.size == 0) return false;
  if (added_.size() >= added_count_max) added_.clear();
  if (!added_.insert(chunk.digest).second) return false;
  batch_.push_back(chunk);
  batch_size_ += chunk.size;
  if (batch_size_ >= batch_size_max) hand_over();
  return true;
}

void ChunkCopier::hand_over() {
  if (batch_.empty()) return;
  start();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return failure_ || waiting_.size() < worker_count_; });
  if (failure_) std::rethrow_exception(failure_);
  waiting_.push_back(std::move(batch_));
  changed_.notify_all();
  batch_.clear();
  batch_size_ = 0;
}

void ChunkCopier::work(ChunkWriter& writer) {
  Bytes buffer;
  for (;;) {
    Batch batch;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return failure_ || ending_ || !waiting_.empty(); });
      if (failure_ || waiting_.empty()) return;
      batch = std::move(waiting_.front());
      waiting_.pop_front();
      changed_.notify_all();
    }
    try {
      copy(batch, writer, buffer);
    } catch (...) {  // rethrown to the thread that adds
      std::lock_guard lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
      changed_.notify_all();
      return;
    }
  }
}

// Reads `chunks` from a store into `buffer`, checked against their digests.
static void read_into(Bytes& buffer, const ChunkStore& store, std::span<const ChunkRef> chunks) {
  std::size_t size = 0;
  for (const ChunkRef& chunk : chunks) size += chunk.size;
  buffer.resize(size);
  store.read_chunks(chunks, buffer);
}

void ChunkCopier::copy(const Batch& batch, ChunkWriter& writer, Bytes& buffer) {
  Batch there, missing;
  for (const ChunkRef& chunk : batch)
    (session_->has(chunk.digest) ? there : missing).push_back(chunk);
  if (!there.empty()) {
    session_->rely_on(there);
    read_into(buffer, to_, there);
    counts_.bytes_checked += buffer.size();
  }
  if (missing.empty()) return;
  read_into(buffer, from_, missing);
  std::size_t offset = 0;
  for (const ChunkRef& chunk : missing) {
    writer.put(BytesView(buffer).subspan(offset, chunk.size), chunk.digest);
    offset += chunk.size;
    counts_.bytes_sent += chunk.size;
  }
}

void ChunkCopier::end_workers() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
    changed_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  std::lock_guard lock(mutex_);
  ending_ = false;
}

void ChunkCopier::finish() {
  hand_over();
  end_workers();
  throw_failure();
  if (session_) session_->finish(std::move(writers_));
  writers_.clear();
  session_.reset();
}

}  // namespace grid::store
