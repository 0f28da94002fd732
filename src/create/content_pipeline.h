// Workers that read, cut and store the content of a source, in batches that come out in the order
// in which they went in.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "create/block_stream.h"
#include "create/checkpoint.h"
#include "create/create.h"
#include "source/source.h"
#include "store/chunk_session.h"

namespace grid::create {

class FileCutter;

// One entry, or one slice of a large file, on its way through the workers.
struct Item {
  source::SourceEntry source;
  bool read = false;                    // a file whose bytes must be read, or were
  std::uint64_t known_size = 0;         // bytes at its front that an earlier attempt has stored
  std::shared_ptr<BlockStream> stream;  // its bytes, if they came with the entry
  std::uint64_t streamed_size = 0;      // bytes of the file up to this slice's end, if streamed
  std::vector<store::ChunkRef> chunks;  // of its bytes
  bool settled = false;                 // see mark_of() in create/scan_record.h
  std::string problem;                  // why it cannot be kept; empty if it can
};

struct Batch {
  std::vector<Item> items;
  // The slice of a large file, which is then the only item; empty for whole files.
  std::optional<ByteRange> slice;  // `end` is meaningless for a file that is streamed
  bool last_slice = false;
  bool done = false;  // guarded by ContentPipeline::mutex_
};

class ContentPipeline {
 public:
  struct Options {
    unsigned workers = 4;
    Checkpoint* checkpoint = nullptr;         // may be null
    const std::atomic<bool>* stop = nullptr;  // see CreateStoring
  };

  // Calls `write` with every batch once it is done and all before it are written: one at a time,
  // from any of the workers. The arguments must outlive the pipeline.
  ContentPipeline(store::ChunkSession& session, Options options, CreateProgress& progress,
                  std::function<void(Batch&)> write);
  ~ContentPipeline();

  // For the bytes of streams until a worker has read them.
  BlockPool& blocks() { return blocks_; }

  // Takes a batch, waiting while too many entries are ahead of it. Drops it after a failure.
  void send(std::shared_ptr<Batch> batch);
  bool failed() const;

  // Stops the workers; finish() then throws `failure`, or an earlier one.
  void stop(std::exception_ptr failure);

  // Waits until every batch is written and returns the workers' writers. Rethrows the first
  // failure, after making durable what was put into the session, if the store allows it.
  std::vector<std::unique_ptr<store::ChunkWriter>> finish();

 private:
  void work(store::ChunkWriter& writer);
  void read_batch(Batch& batch, FileCutter& cutter);
  void open_ahead(Batch& batch, std::size_t at,
                  std::deque<std::unique_ptr<source::SourceFile>>& open);
  void read_item(Item& item, const Batch& batch, std::unique_ptr<source::SourceFile> file,
                 FileCutter& cutter);
  void write_finished();

  store::ChunkSession& session_;
  const Options options_;
  CreateProgress& progress_;
  const std::function<void(Batch&)> write_;
  BlockPool blocks_;
  std::vector<std::unique_ptr<store::ChunkWriter>> writers_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<Batch>> line_;     // guarded by mutex_; in the order of send()
  std::deque<std::shared_ptr<Batch>> waiting_;  // guarded by mutex_; not yet taken by a worker
  std::size_t line_items_ = 0;                  // guarded by mutex_
  bool complete_ = false;                       // guarded by mutex_; no more batches will come
  std::exception_ptr failure_;                  // guarded by mutex_

  std::mutex write_mutex_;             // held while batches are written; taken before mutex_
  std::vector<std::jthread> threads_;  // last: they use the other members
};

}  // namespace grid::create
