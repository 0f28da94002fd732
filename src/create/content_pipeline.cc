// Problem. A source with any number of files of any size must be read, cut, digested, compressed
// and written with all cores busy, in memory that does not grow with it, and its entries must come
// out in order.
//
// Idea. One thread goes through the source and divides it into batches: a few megabytes of small
// files, or one slice of a large one. Workers take batches as they come. A worker does everything
// for its batch, from reading to packs, through a ChunkWriter of its own: nothing but counters,
// the chunk index and the queue is shared, and a batch's chunks lie side by side. Finished batches
// wait in line until those before them are done; the worker that finishes the one at the head
// writes the tree's entries from there on.
//
// Example, two workers: batch 1 is slice 1 of a large file, batch 2 slice 2, batch 3 a hundred
// small files. Worker B finishes 2 first and takes 3; when worker A finishes 1, it puts the
// chunks of 1 and 2 into the file's recipe, writes its entry, and B's hundred when they are done.
//
// Bytes that come with their entries travel in blocks of a pool. A slice is sent when its first
// block is there, and its worker reads while the others arrive.
//
// It ends because the source does, and because a worker always has the batch at the head of the
// line: the source's thread waits for the line to become shorter, never the other way round. When
// a worker waits for blocks, the workers that hold all other blocks do not wait, since only the
// newest slice is incomplete.
//
// Memory: a pack and a read buffer per worker, the blocks of the pool, and line_items_max entries.

#include "create/content_pipeline.h"

#include <algorithm>

#include "base/error.h"
#include "base/start_thread.h"
#include "create/file_cutter.h"
#include "store/chunker.h"

namespace grid::create {

static constexpr std::size_t line_items_max = 32 << 10;  // entries sent and not yet written
// Of 1 MiB, per worker and in all. Few, since what a killed create has read ahead is read again.
static constexpr std::size_t worker_blocks = 8, blocks_max = 48;

ContentPipeline::ContentPipeline(store::ChunkSession& session, Options options,
                                 CreateProgress& progress, std::function<void(Batch&)> write)
    : session_(session),
      options_(options),
      progress_(progress),
      write_(std::move(write)),
      blocks_(std::min(blocks_max, worker_blocks * options.workers)) {
  for (unsigned i = 0; i < options_.workers; ++i)
    writers_.push_back(std::make_unique<store::ChunkWriter>(session));
  for (auto& writer : writers_) try {
      threads_.push_back(start_thread<std::jthread>([this, &writer = *writer] {
        try {
          work(writer);
        } catch (...) {  // rethrown by finish()
          stop(std::current_exception());
        }
      }));
    } catch (const Error&) {
      // Fewer threads do the same work. If this threw while some wait for it, they would be joined
      // without being told to end.
      if (threads_.empty()) throw;
    }
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
  if (!failure_) return std::move(writers_);
  try {
    session_.finish(std::move(writers_));
  } catch (const Error&) {
    // The store itself may have failed. What is lost is read again.
  }
  std::rethrow_exception(failure_);
}

void ContentPipeline::work(store::ChunkWriter& writer) {
  FileCutter cutter(writer, progress_, options_.stop);
  for (;;) {
    std::shared_ptr<Batch> batch;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return !waiting_.empty() || complete_ || failure_; });
      if (failure_ || waiting_.empty()) return;
      batch = std::move(waiting_.front());
      waiting_.pop_front();
    }
    // A pack may end within a slice: a slice is long, and mostly read by then.
    if (!batch->slice) writer.begin_batch();
    read_batch(*batch, cutter);
    if (!batch->slice) writer.end_batch();
    {
      std::lock_guard lock(mutex_);
      batch->done = true;
    }
    write_finished();
  }
}

// The part of an item to read: its slice, without the front that an earlier attempt has stored.
static std::optional<ByteRange> range_to_read(const Item& item, const Batch& batch) {
  if (item.known_size == 0) return batch.slice;
  ByteRange range = batch.slice.value_or(ByteRange{0, item.source.state.size});
  range.begin += item.known_size;
  return range;
}

static bool must_open(const Item& item, const Batch& batch) {
  if (!item.read || item.source.opener == nullptr) return false;
  std::optional<ByteRange> range = range_to_read(item, batch);
  return !range || range->begin < range->end;
}

// Opens the files of a batch ahead of reading them, from the item at `at` on, the first of which
// may be open already: as many as their source likes. Local files are opened only once half of
// those open have been read, so that they can be requested together.
void ContentPipeline::open_ahead(Batch& batch, std::size_t at,
                                 std::deque<std::unique_ptr<source::SourceFile>>& open) {
  std::vector<FilePart> parts;
  const bool waits = !open.empty() && open.front() && open.front()->local_part();
  for (bool begun = !waits; at + open.size() < batch.items.size(); begun = true) {
    Item& next = batch.items[at + open.size()];
    const bool opens = must_open(next, batch);
    if (!open.empty()) {
      if (!opens) break;
      const unsigned count = next.source.opener->open_count();
      if (open.size() >= (begun ? count : (count + 1) / 2)) break;
    }
    std::unique_ptr<source::SourceFile> file;
    if (opens) try {
        file = next.source.opener->open(next.source, range_to_read(next, batch));
        if (auto part = file->local_part()) parts.push_back(*part);
      } catch (const Error& error) {
        if (error.kind() == ErrorKind::unavailable) throw;
        // Too many files may be open: reading the next ones will close some.
        if (!open.empty()) break;
        next.problem = error.what();  // of this file alone, reported with the others
      }
    open.push_back(std::move(file));
  }
  if (parts.size() > 1) begin_reading(parts);
}

// Reads the files of a batch one after the other.
void ContentPipeline::read_batch(Batch& batch, FileCutter& cutter) {
  std::deque<std::unique_ptr<source::SourceFile>> open;  // from the current item on
  for (std::size_t i = 0; i < batch.items.size(); ++i) {
    open_ahead(batch, i, open);
    std::unique_ptr<source::SourceFile> file = std::move(open.front());
    open.pop_front();
    Item& item = batch.items[i];
    if (file || item.stream) read_item(item, batch, std::move(file), cutter);
  }
}

namespace {

// Adds the chunks that were cut from an item to the checkpoint, stretch by stretch.
class StretchNoter {
 public:
  // `file` is null if the bytes come in a stream.
  StretchNoter(Checkpoint* checkpoint, const Item& item, const Batch& batch,
               source::SourceFile* file)
      : checkpoint_(checkpoint),
        item_(item),
        file_(file),
        noted_(item.chunks.size()),
        end_((batch.slice ? batch.slice->begin : 0) + item.known_size) {}

  void note() {
    if (checkpoint_ == nullptr || noted_ == item_.chunks.size() || !is_settled()) return;
    std::span<const store::ChunkRef> stretch = std::span(item_.chunks).subspan(noted_);
    checkpoint_->add(item_.source, end_, stretch);
    for (const store::ChunkRef& chunk : stretch) end_ += chunk.size;
    noted_ = item_.chunks.size();
  }

 private:
  bool is_settled() const {
    try {
      return file_ != nullptr ? file_->settled() : item_.source.settled;
    } catch (const Error&) {
      return false;  // read_item() gets the same error at the file's end
    }
  }

  Checkpoint* const checkpoint_;
  const Item& item_;
  source::SourceFile* const file_;
  std::size_t noted_;  // of the item's chunks
  std::uint64_t end_;  // of what is noted, in the file
};

}  // namespace

void ContentPipeline::read_item(Item& item, const Batch& batch,
                                std::unique_ptr<source::SourceFile> file, FileCutter& cutter) {
  StretchNoter noter(options_.checkpoint, item, batch, file.get());
  if (file) {
    // A file that changed since the walk is taken as it is now, unless it no longer fits a slice.
    item.source.state = file->state();
    if (!batch.slice && item.source.state.size > store::slice_size) {
      item.problem = "changed while it was read";
      return;
    }
    item.source.entry.size = item.source.state.size;
    item.source.entry.mtime_ns = item.source.state.mtime_ns;
    item.source.entry.executable = file->executable();
    item.problem = cutter.cut(*file, item.chunks, [&] { noter.note(); });
    try {
      if (item.problem.empty()) item.settled = file->settled();
    } catch (const Error& error) {  // a problem of this file alone, reported with the others
      if (error.kind() == ErrorKind::unavailable) throw;
      item.problem = error.what();
    }
  } else {
    item.problem = cutter.cut(*item.stream, item.chunks, [&] { noter.note(); });
  }
}

// Writes the entries of the finished batches at the head of the line.
void ContentPipeline::write_finished() {
  for (;;) {
    std::unique_lock writing(write_mutex_, std::try_to_lock);
    if (!writing) return;  // its holder looks at the line again after unlocking
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

}  // namespace grid::create
