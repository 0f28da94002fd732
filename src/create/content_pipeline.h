// Workers who read, cut and store what a source has, in batches that come out in the order in
// which they went in.
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
  bool read = false;                    // a file whose bytes are to be read, or were
  std::uint64_t known_size = 0;         // bytes at its front that an earlier attempt has stored
  std::shared_ptr<BlockStream> stream;  // its bytes, if they came with the entry
  std::uint64_t streamed_size = 0;      // of the file, up to the end of this slice, if it did
  std::vector<store::ChunkRef> chunks;  // of its bytes
  bool settled = false;                 // see ScanRecordWriter::add()
  std::string problem;                  // why it cannot be kept; empty if it can
};

struct Batch {
  std::vector<Item> items;
  // One slice of a large file, which is the only item; the whole files otherwise.
  std::optional<ByteRange> slice;  // `end` means nothing for a file that comes in a stream
  bool last_slice = false;
  bool done = false;  // guarded by ContentPipeline::mutex_
};

class ContentPipeline {
 public:
  struct Options {
    unsigned workers = 4;
    Checkpoint* checkpoint = nullptr;         // may be null
    const std::atomic<bool>* stop = nullptr;  // see CreateOptions
  };

  // `write` gets every batch when it is done and all before it were written; never two at a time,
  // from whatever thread. All outlive the pipeline.
  ContentPipeline(store::ChunkSession& session, Options options, CreateProgress& progress,
                  std::function<void(Batch&)> write);
  ~ContentPipeline();

  // Where the bytes of streams are kept until a worker has read them.
  BlockPool& blocks() { return blocks_; }

  // Takes a batch, and waits while there are too many entries before it. Drops it once something
  // has failed.
  void send(std::shared_ptr<Batch> batch);
  bool failed() const;

  // Ends everything; finish() will throw this, unless something has failed before.
  void stop(std::exception_ptr failure);

  // Waits until every batch is written, and gives back what the workers wrote with. Rethrows the
  // first failure, once what was put into the session is durable, if that can be had.
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
  std::deque<std::shared_ptr<Batch>> waiting_;  // guarded by mutex_; no worker has it yet
  std::size_t line_items_ = 0;                  // guarded by mutex_
  bool complete_ = false;                       // guarded by mutex_; no more batches will come
  std::exception_ptr failure_;                  // guarded by mutex_

  std::mutex write_mutex_;             // held while batches are written; taken before mutex_
  std::vector<std::jthread> threads_;  // last: they use the rest
};

}  // namespace grid::create
