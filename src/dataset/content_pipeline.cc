// Problem. A source of any number and size of files has to be read, cut, hashed, compressed and
// written with all cores busy, in memory that does not grow with it, and the entries have to come
// out in order.
//
// Idea. One thread goes through the source and divides it into batches: a few megabytes of small
// files, or one slice of a large one. Workers take batches as they come. A worker does everything
// for its batch, from reading to packs, through a ChunkWriter of its own: nothing but counters,
// the chunk index and the queue is shared, and a batch's chunks lie side by side. Finished batches
// wait in line until those before them are done; whoever finishes the one at the head writes the
// tree's entries from there on.
//
// Example, two workers: batch 1 is slice 1 of a large file, batch 2 slice 2, batch 3 a hundred
// small files. Worker B finishes 2 first and takes 3; when worker A finishes 1, it puts the
// chunks of 1 and 2 into the file's recipe, writes its entry, and B's hundred when they are done.
//
// Bytes that come with their entries travel in blocks of a pool. A slice is sent when its first
// block is there, and its worker reads while the others come.
//
// It ends because the source does, and the head of the line is always in some worker's hands: the
// source's thread waits for the line to become shorter, never the other way round. Where a worker
// waits for blocks, all blocks that others hold are in the hands of workers who do not wait,
// since only the newest slice is incomplete.
//
// Memory: a pack and a read buffer a worker, the blocks of the pool, and line_items_max entries.

#include "dataset/content_pipeline.h"

#include <algorithm>

#include "base/error.h"
#include "dataset/file_cutter.h"
#include "store/chunker.h"

namespace grid::dataset {

static constexpr std::size_t line_items_max = 32 << 10;  // entries sent and not yet written
static constexpr std::size_t blocks_max = 48;            // of 1 MiB

ContentPipeline::ContentPipeline(store::ChunkSession& session, unsigned workers,
                                 CreateProgress& progress, Checkpoint* checkpoint,
                                 std::function<void(Batch&)> write)
    : progress_(progress), checkpoint_(checkpoint), write_(std::move(write)), blocks_(blocks_max) {
  for (unsigned i = 0; i < workers; ++i)
    writers_.push_back(std::make_unique<store::ChunkWriter>(session));
  for (auto& writer : writers_)
    threads_.emplace_back([this, &writer = *writer] {
      try {
        work(writer);
      } catch (...) {  // handed over to the thread that waits
        stop(std::current_exception());
      }
    });
}

ContentPipeline::~ContentPipeline() {
  stop(nullptr);
  threads_.clear();
}

void ContentPipeline::send(std::shared_ptr<Batch> batch) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return line_items_ < line_items_max || failure_; });
  if (failure_) return;
  line_items_ += batch->items.size();
  line_.push_back(batch);
  waiting_.push_back(std::move(batch));
  changed_.notify_all();
}

bool ContentPipeline::failed() const {
  std::lock_guard lock(mutex_);
  return failure_ != nullptr;
}

void ContentPipeline::stop(std::exception_ptr failure) {
  {
    std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(failure);
    complete_ = true;
    waiting_.clear();
    for (const auto& batch : line_)
      for (const Item& item : batch->items)
        if (item.stream) item.stream->stop();
    changed_.notify_all();
  }
  blocks_.stop();
}

std::vector<std::unique_ptr<store::ChunkWriter>> ContentPipeline::finish() {
  {
    std::lock_guard lock(mutex_);
    complete_ = true;
    changed_.notify_all();
  }
  threads_.clear();
  if (failure_) std::rethrow_exception(failure_);
  return std::move(writers_);
}

void ContentPipeline::work(store::ChunkWriter& writer) {
  FileCutter cutter(writer, progress_.bytes_done);
  for (;;) {
    std::shared_ptr<Batch> batch;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return !waiting_.empty() || complete_ || failure_; });
      if (failure_ || waiting_.empty()) return;
      batch = std::move(waiting_.front());
      waiting_.pop_front();
    }
    std::uint64_t new_before = writer.bytes_new();
    read_batch(*batch, cutter);
    progress_.bytes_new += writer.bytes_new() - new_before;
    {
      std::lock_guard lock(mutex_);
      batch->done = true;
    }
    write_finished();
  }
}

static bool must_open(const Item& item) {
  return item.read && !item.stored_before && item.source.opener != nullptr;
}

// Reads the files of a batch one after the other, and opens as many ahead as their source likes.
void ContentPipeline::read_batch(Batch& batch, FileCutter& cutter) {
  std::deque<std::unique_ptr<SourceFile>> open;  // from the item that is being read on
  for (std::size_t i = 0; i < batch.items.size(); ++i) {
    while (open.empty() || i + open.size() < batch.items.size()) {
      Item& next = batch.items[i + open.size()];
      if (!open.empty() && (!must_open(next) || open.size() >= next.source.opener->open_count()))
        break;
      std::unique_ptr<SourceFile> file;
      if (must_open(next)) try {
          file = next.source.opener->open(next.source, batch.slice);
        } catch (const Error& error) {  // a problem of this file, which is named with the others
          if (error.kind() == ErrorKind::unavailable) throw;
          next.problem = error.what();
        }
      open.push_back(std::move(file));
    }
    std::unique_ptr<SourceFile> file = std::move(open.front());
    open.pop_front();
    Item& item = batch.items[i];
    if (file || item.stream) read_item(item, batch, std::move(file), cutter);
  }
}

void ContentPipeline::read_item(Item& item, const Batch& batch, std::unique_ptr<SourceFile> file,
                                FileCutter& cutter) {
  if (file) {
    // A file that changed since the walk is taken as it is now, unless it is to be divided.
    item.source.state = file->state();
    if (!batch.slice && item.source.state.size > store::slice_size) {
      item.problem = "changed while it was read";
      return;
    }
    item.source.entry.size = item.source.state.size;
    item.source.entry.mtime_ns = item.source.state.mtime_ns;
    item.source.entry.executable = file->executable();
    item.problem = cutter.cut(*file, item.chunks);
    try {
      if (item.problem.empty()) item.settled = file->settled();
    } catch (const Error& error) {  // a problem of this file, which is named with the others
      if (error.kind() == ErrorKind::unavailable) throw;
      item.problem = error.what();
    }
  } else {
    item.problem = cutter.cut(*item.stream, item.chunks);
  }
  if (checkpoint_ != nullptr && item.problem.empty())
    checkpoint_->add(item.source, batch.slice ? batch.slice->begin : 0, item.chunks);
}

// Writes the entries of all batches from the head of the line on that are done.
void ContentPipeline::write_finished() {
  for (;;) {
    std::unique_lock writing(write_mutex_, std::try_to_lock);
    if (!writing) return;  // whoever holds it looks at the line again before it lets go for good
    for (;;) {
      std::shared_ptr<Batch> batch;
      {
        std::lock_guard lock(mutex_);
        if (failure_ || line_.empty() || !line_.front()->done) break;
        batch = std::move(line_.front());
        line_.pop_front();
        line_items_ -= batch->items.size();
        changed_.notify_all();
      }
      write_(*batch);
    }
    writing.unlock();
    std::lock_guard lock(mutex_);
    if (failure_ || line_.empty() || !line_.front()->done) return;
  }
}

}  // namespace grid::dataset
